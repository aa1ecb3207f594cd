"""`aerodrome events verify`: every store of an installation checked, and the first break named."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from services.cli.environments import DATABASE, OPEN_S
from services.cli.folder import CannotStart
from shared.errors import AerodromeError
from shared.postgres import QUERIES, open_pool
from shared.settings import PREFIX
from shared.store.verify import Verification, verify


async def verify_store(service: str, environment: Mapping[str, str]) -> Verification:
    """Check one service's store; raise CannotStart if it can't be read."""
    folder = environment.get(f"{PREFIX}HEADS_FOLDER")
    try:
        async with asyncio.timeout(OPEN_S):
            pool = await open_pool(environment[DATABASE], service=f"{service} cli", shape=QUERIES)
    except TimeoutError as error:
        raise CannotStart(f"the database of {service} has not answered in {OPEN_S:g} s") from error
    try:
        return await verify(pool, Path(folder) if folder else None)
    except (AerodromeError, ValueError) as error:
        raise CannotStart(f"{service}: {error}") from error
    finally:
        await pool.close()


def report(service: str, found: Verification) -> str:
    """Return in one line what was found."""
    checked = f"{found.events} events, head {found.head.hash.hex()[:16] or 'empty'}, {found.signed_heads} signed heads"
    if found.broken is None:
        return f"{service}: intact ({checked})"
    at = found.broken
    event = f", {at.stream} v{at.version}" if at.stream else ""
    return f"{service}: BROKEN at position {at.position}{event}: {at.what}"
