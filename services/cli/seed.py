"""`aerodrome seed`: an installation filled with invented people and things, to measure and to try things on."""

import time
from collections.abc import Callable

from services.cli.folder import CannotStart, DataFolder
from services.cli.reach import opened
from services.identity.contract import SERVICE
from services.identity.handlers.kit import kit
from services.identity.seeding import DOMAIN, PASSWORD, Seeded, Seeder, Sizes
from shared.errors import AerodromeError
from shared.service import Running

_LOOK_S = 2.0
_GIVE_UP_S = 60.0  # without any progress of the read models

_PEOPLE = "select count(*) from (select from read.users limit 2) few"
_LAST_NUMBER = """
select coalesce(max(substring(email from '^person\\.(\\d+)@')::bigint), -1)
from read.users where email like 'person.%@' || $1"""


async def seed(folder: DataFolder, sizes: Sizes, *, force: bool, say: Callable[[str], None]) -> None:
    """Fill the installation and return when its read models show everything; raise CannotStart where it has people."""
    async with opened(folder, SERVICE) as running:
        if not force and await running.pool_queries.fetchval(_PEOPLE) > 1:
            raise CannotStart(
                f"people live here already; `--force` adds invented ones, who all have the password {PASSWORD!r}"
            )
        first = await running.pool_queries.fetchval(_LAST_NUMBER, DOMAIN) + 1
        begun, before = time.perf_counter(), (await running.store.head()).position
        try:
            head = await Seeder(kit(running), sizes, first=first).run(lambda seeded: say(_line(seeded)))
        except* AerodromeError as errors:
            raise CannotStart(f"seeding broke off: {errors.exceptions[0]}") from errors
        written_s = time.perf_counter() - begun
        say(f"{head - before} events in {written_s:.1f} s, {(head - before) / written_s:.0f} events/s")
        await _shown(running, head, say)
        say(f"the read models show them; {time.perf_counter() - begun:.1f} s in all")
        say(f"sign in as person.{first}@{DOMAIN} to person.{first + sizes.users - 1}@{DOMAIN} with {PASSWORD!r}")


async def _shown(running: Running, head: int, say: Callable[[str], None]) -> None:
    """Return when the read models have reached `head`; raise CannotStart where they stand still."""
    seen, moved = -1, time.perf_counter()
    while not await running.followers.wait_for(position=head, timeout_s=_LOOK_S):
        reached = min(each.position for each in (await running.followers.status()).followers if each.name == SERVICE)
        if reached > seen:
            seen, moved = reached, time.perf_counter()
            say(f"read models at {reached} of {head}")
        elif time.perf_counter() - moved > _GIVE_UP_S:
            raise CannotStart(f"the read models stand at {reached} of {head}; does identity run?")


def _line(seeded: Seeded) -> str:
    rate = seeded.count / seeded.seconds if seeded.seconds else 0.0
    return f"{seeded.count:>8} {seeded.kind:<17} in {seeded.seconds:6.1f} s, {rate:6.0f}/s"
