"""What `aerodrome projections` and `aerodrome events republish` do, over the service's own followers."""

from collections.abc import Sequence

from services.cli.folder import CannotStart, DataFolder
from services.cli.reach import opened
from shared.errors import AerodromeError
from shared.followers.status import Status


async def status_lines(folder: DataFolder, services: Sequence[str]) -> list[str]:
    """Return a table of every follower, what is parked and what the outbox holds."""
    lines: list[str] = []
    for service in services:
        async with opened(folder, service) as running:
            lines += _lines(service, await running.followers.status())
    return lines


def _lines(service: str, status: Status) -> list[str]:
    lines = [
        f"{service:<12} {each.kind.value:<10} {each.name:<24} {each.position:>9} of {each.head:<9} "
        f"{'up to date' if each.lag == 0 else f'{each.lag} behind'}{f', {each.parked} parked' if each.parked else ''}"
        for each in status.followers
    ]
    lines += [
        f"{service:<12} parked     {each.stream} for {each.follower} at {each.position} since "
        f"{each.parked_at.isoformat(timespec='seconds')}: {each.error}"
        for each in status.parked
    ]
    lines += [
        f"{service:<12} jobs       {each.kind:<24} {each.waiting} waiting, {each.dead} dead"
        f"{f', {each.later} for later' if each.later else ''}"
        for each in status.outbox
    ]
    lines += [
        f"{service:<12} dead job   {each.id} {each.kind} {each.key} after {each.attempts} attempts: {each.error}"
        for each in status.dead_letters
    ]
    return lines


async def rebuild(folder: DataFolder, service: str, projection: str) -> int:
    """Rebuild a projection beside the running service and return the position it has reached."""
    async with opened(folder, service) as running:
        try:
            return await running.followers.rebuild(projection)
        except AerodromeError as error:
            raise CannotStart(error.text) from error


async def replay(folder: DataFolder, service: str, follower: str, stream: str) -> bool:
    """Apply the backlog of a parked stream; False where it failed again."""
    async with opened(folder, service) as running:
        try:
            return await running.followers.replay(follower, stream)
        except AerodromeError as error:
            raise CannotStart(error.text) from error


async def requeue(folder: DataFolder, service: str, job: int) -> bool:
    """Give a dead job another round of attempts; False where there is no such dead job."""
    async with opened(folder, service) as running:
        return await running.followers.requeue(job)


async def republish(folder: DataFolder, service: str, position: int) -> int:
    """Fill the JetStream stream anew with the events from `position` on; return the last one's position."""
    async with opened(folder, service) as running:
        try:
            return await running.followers.republish(after=position - 1)
        except AerodromeError as error:
            raise CannotStart(error.text) from error
