"""Outages of Postgres: followers back off and come back; nothing is parked, nothing lost, nothing done twice."""

import asyncio

import asyncpg
import pytest

from shared.errors import AerodromeError
from shared.store.events import EventStore
from tests.integration.bus import until
from tests.integration.followers.conftest import NewReplica, Replica, with_tables
from tests.integration.followers.counters import folded, open_counter
from tests.servers import Database, PostgresForTests


async def test_followers_come_back_after_a_crash_of_postgres(
    private_postgres: PostgresForTests, replica: NewReplica
) -> None:
    database = await with_tables(await private_postgres.new_database("kernel"))
    mine: Replica = await replica(database)
    written = asyncio.create_task(keep_writing(mine.store, 30))
    await until(lambda: applied_some(mine))

    private_postgres.kill()
    private_postgres.restart()

    names = await written
    await until(lambda: has_come_back(mine), timeout_s=5)
    head = await mine.caught_up()
    assert await mine.applied() == list(range(1, head + 1))
    assert (await mine.followers.status()).parked == ()
    assert set(names) <= set(await mine.rows())
    assert await mine.rows() == folded(await mine.store.read_all(after=0, limit=1000))


async def test_a_lock_that_is_not_granted_parks_nothing(
    kernel: Database, replica: NewReplica, caplog: pytest.LogCaptureFixture
) -> None:
    holder = await asyncpg.connect(kernel.admin_dsn)
    await holder.execute(f"alter role kernel in database {kernel.name} set lock_timeout = '30ms'")
    mine: Replica = await replica(kernel)
    async with holder.transaction():
        await holder.execute("lock table read.counters in access exclusive mode")
        last = await open_counter(mine.store, "a", 1)
        await until(lambda: "follower backs off" in caplog.messages)
        assert not await mine.followers.wait_for(position=last.position, timeout_s=0)
    await holder.close()

    assert await mine.followers.wait_for(position=last.position, timeout_s=5)
    assert (await mine.followers.status()).parked == ()


async def keep_writing(store: EventStore, count: int) -> list[str]:
    """Open counters one after the other, whatever happens, and return those that were acknowledged."""
    done: list[str] = []
    for n in range(count):
        try:
            await open_counter(store, f"c{n}", 1)
        except AerodromeError:
            continue
        done.append(f"c{n}")
    return done


async def applied_some(mine: Replica) -> bool:
    return len(await mine.applied()) > 0


async def has_come_back(mine: Replica) -> bool:
    head = (await mine.store.head()).position
    return await mine.followers.wait_for(position=head, timeout_s=0.5)
