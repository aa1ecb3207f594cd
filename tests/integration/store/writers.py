"""Four writers in a process of their own: `python -m tests.integration.store.writers DSN NAME COUNT`."""

import asyncio
import sys

import asyncpg

from shared.errors import WrongExpectedVersion
from shared.store.events import EventStore
from shared.store.model import Expected
from tests.integration.store.things import TYPES, entry, head

WRITERS = 4


async def write(store: EventStore, stream: str, name: str, count: int) -> None:
    """Append `count` events, each deciding afresh until it is in."""
    seen = Expected(stream)
    for n in range(count):
        while True:
            found = await store.read_stream(stream, after=seen.version)
            seen = head(found) if found else seen
            try:
                await store.append(entry((seen, [f"{name} {n}"])), timeout_s=60)
            except WrongExpectedVersion:
                continue
            break


async def main(dsn: str, name: str, count: int) -> None:
    """Half of the writers have a stream each, the others fight for one with the other process."""
    async with asyncpg.create_pool(dsn, min_size=1, max_size=4) as pool:
        store = EventStore(pool, TYPES)
        streams = [f"{name}-{n}" if n % 2 else "everybodys" for n in range(WRITERS)]
        await asyncio.gather(*(write(store, stream, f"{name} {n}", count) for n, stream in enumerate(streams)))
        await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
