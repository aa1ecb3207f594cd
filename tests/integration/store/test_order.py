"""A reader by position against writers in several processes: every event once, in order, none missed."""

import asyncio
import sys
from collections import defaultdict
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from shared.store.batch import APPEND, arguments, prepare
from shared.store.model import Expected, Recorded
from shared.store.verify import verify
from tests.integration.store.conftest import OpenStore
from tests.integration.store.things import TYPES, entry, names
from tests.integration.store.writers import WRITERS

ROOT = Path(__file__).parents[3]
PROCESSES = ("one", "two")


async def write_slowly(dsn: str, count: int) -> None:
    """Append as a process would that stalls between its append and its commit."""
    connection = await asyncpg.connect(dsn)
    try:
        for n in range(count):
            prepared = prepare(
                entry((Expected(f"slow-{n}-{uuid4()}"), [f"slow {n}"])), types=TYPES, keys={}, claim_value=str
            )
            async with connection.transaction():
                await connection.execute("set local lock_timeout = 0")
                await connection.fetchrow(APPEND, *arguments([prepared]))
                await connection.execute("select pg_sleep(0.03)")
    finally:
        await connection.close()


async def follow(store: OpenStore, total: int) -> list[Recorded]:
    """Read by position, as a follower does, while the writers write."""
    seen: list[Recorded] = []
    while len(seen) < total:
        found = await store.store.read_all(after=len(seen), limit=7)
        assert [each.position for each in found] == list(range(len(seen) + 1, len(seen) + len(found) + 1))
        seen += found
    return seen


async def race(store: OpenStore, *, count: int, slow: int) -> list[Recorded]:
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.integration.store.writers", store.database.app_dsn, name, str(count), cwd=ROOT
        )
        for name in PROCESSES
    ]
    total = len(PROCESSES) * WRITERS * count + slow
    try:
        async with asyncio.timeout(100), asyncio.TaskGroup() as group:
            slowly = group.create_task(write_slowly(store.database.app_dsn, slow))
            following = group.create_task(follow(store, total))
            assert [await process.wait() for process in processes] == [0, 0]
        assert slowly.done()
        return following.result()
    finally:
        for process in processes:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def check(store: OpenStore, seen: list[Recorded], *, count: int, slow: int) -> None:
    by_writer: dict[str, list[int]] = defaultdict(list)
    for name in names(seen):
        writer, _, number = name.rpartition(" ")
        by_writer[writer].append(int(number))
    expected = {f"{process} {n}": list(range(count)) for process in PROCESSES for n in range(WRITERS)}
    assert by_writer == expected | {"slow": list(range(slow))}
    assert len({each.event_id for each in seen}) == len(seen)
    assert await store.store.read_all(after=0, limit=len(seen) + 1) == seen
    assert (await verify(store.pool)).broken is None


async def test_a_follower_sees_every_event_once_and_in_order(first: OpenStore) -> None:
    seen = await race(first, count=25, slow=20)

    await check(first, seen, count=25, slow=20)


@pytest.mark.full
async def test_a_follower_sees_every_event_once_and_in_order_for_long(first: OpenStore) -> None:
    seen = await race(first, count=400, slow=100)

    await check(first, seen, count=400, slow=100)
