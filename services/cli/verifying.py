"""`aerodrome events verify`: every store of an installation checked, and the first break named."""

from collections.abc import Mapping
from pathlib import Path

from services.cli.folder import CannotStart
from services.cli.reach import pool_of
from shared.errors import AerodromeError
from shared.settings import PREFIX
from shared.store.verify import Verification, verify


async def verify_store(service: str, environment: Mapping[str, str]) -> Verification:
    """Check one service's store; raise CannotStart if it can't be read."""
    folder = environment.get(f"{PREFIX}HEADS_FOLDER")
    async with pool_of(service, environment) as pool:
        try:
            return await verify(pool, Path(folder) if folder else None)
        except (AerodromeError, ValueError) as error:
            raise CannotStart(f"{service}: {error}") from error


def report(service: str, found: Verification) -> str:
    """Return in one line what was found."""
    checked = f"{found.events} events, head {found.head.hash.hex()[:16] or 'empty'}, {found.signed_heads} signed heads"
    if found.broken is None:
        return f"{service}: intact ({checked})"
    at = found.broken
    event = f", {at.stream} v{at.version}" if at.stream else ""
    return f"{service}: BROKEN at position {at.position}{event}: {at.what}"
