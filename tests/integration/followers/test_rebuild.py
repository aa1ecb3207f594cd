"""Rebuilds: beside the running table, with readers and writers at it, to the same rows."""

import asyncio

import asyncpg
import pytest

from shared.errors import NotFound, Rejected
from tests.integration.followers.conftest import NewReplica, Replica
from tests.integration.followers.counters import TOO_MUCH, CounterClosed, CounterRaised, append, folded, open_counter
from tests.servers import Database


async def fill(mine: Replica, count: int) -> None:
    for n in range(count):
        await open_counter(mine.store, f"c{n}", n, 1)
    for n in range(0, count, 7):
        await append(mine.store, f"c{n}", CounterClosed())


async def test_a_rebuild_equals_the_running_table(kernel: Database, replica: NewReplica) -> None:
    mine: Replica = await replica(kernel)
    await fill(mine, 60)
    head = await mine.caught_up()
    before = await mine.followers.digest("counters")

    assert await mine.followers.rebuild("counters") == head

    assert await mine.followers.digest("counters") == before
    assert await mine.rows() == folded(await mine.store.read_all(after=0, limit=1000))


async def test_a_rebuild_mends_rows_that_were_spoilt(kernel: Database, replica: NewReplica) -> None:
    mine: Replica = await replica(kernel)
    await fill(mine, 10)
    await mine.caught_up()
    good = await mine.followers.digest("counters")
    await mine.pool.execute("update read.counters set total = 999 where id = 'c3'")
    assert await mine.followers.digest("counters") != good

    await mine.followers.rebuild("counters")

    assert await mine.followers.digest("counters") == good


async def test_a_rebuild_under_load_equals_the_running_table(kernel: Database, replica: NewReplica) -> None:
    replicas: list[Replica] = [await replica(kernel), await replica(kernel)]
    first, second = replicas
    await fill(first, 40)
    await first.caught_up()
    sizes: list[int] = []

    async def write(writer: int) -> None:
        for n in range(60):
            await open_counter(replicas[writer % 2].store, f"w{writer}n{n}", 1, 2)

    async def read(writers: asyncio.Future[list[None]]) -> None:
        while not writers.done():
            sizes.append(await second.pool.fetchval("select count(*) from read.counters"))

    writers = asyncio.gather(*(write(writer) for writer in range(4)))
    reader = asyncio.create_task(read(writers))
    rebuilt = 0
    while not writers.done():
        await first.followers.rebuild("counters")
        rebuilt += 1
    await asyncio.gather(writers, reader)

    await first.caught_up()
    assert rebuilt > 0
    assert await first.rows() == folded(await first.store.read_all(after=0, limit=100_000))
    assert min(sizes) >= 34  # no reader ever saw an empty or half-filled table
    assert sizes == sorted(sizes)
    after_load = await first.followers.digest("counters")
    await second.followers.rebuild("counters")
    assert await first.followers.digest("counters") == after_load


async def test_readers_keep_their_rights_and_indexes(kernel: Database, replica: NewReplica) -> None:
    mine: Replica = await replica(kernel)
    await mine.as_admin("drop role if exists onlooker")
    await mine.as_admin("create role onlooker")
    owner = await asyncpg.connect(kernel.owner_dsn)
    await owner.execute("grant select on read.counters to onlooker")
    query = """select relacl::text, (select count(*) from pg_index where indrelid = c.oid),
               (select count(*) from pg_constraint where conrelid = c.oid) from pg_class c
               where oid = 'read.counters'::regclass"""
    before = await owner.fetchrow(query)

    await mine.followers.rebuild("counters")

    assert await owner.fetchrow(query) == before
    await owner.close()
    await mine.as_admin("drop owned by onlooker; drop role onlooker")


async def test_a_rebuild_takes_up_what_was_parked(kernel: Database, replica: NewReplica) -> None:
    mine: Replica = await replica(kernel)
    await open_counter(mine.store, "bad", TOO_MUCH, 1)
    await mine.caught_up()
    await mine.followers.rebuild("counters")
    assert [each.stream for each in (await mine.followers.status()).parked] == ["counter-bad"]
    owner = await asyncpg.connect(kernel.owner_dsn)
    await owner.execute("alter table read.counters drop constraint counters_total_check")
    await owner.close()

    await mine.followers.rebuild("counters")

    assert (await mine.followers.status()).parked == ()
    last = await append(mine.store, "bad", CounterRaised(by=1))
    assert await mine.followers.wait_for(position=last.position, stream="counter-bad")
    assert (await mine.rows())["bad"].total == TOO_MUCH + 2


async def test_one_rebuild_at_a_time(kernel: Database, replica: NewReplica) -> None:
    mine: Replica = await replica(kernel)
    holder = await asyncpg.connect(kernel.owner_dsn)
    await holder.execute("select pg_advisory_lock(hashtextextended('rebuild counters', 0))")

    with pytest.raises(Rejected, match="already"):
        await mine.followers.rebuild("counters")
    await holder.close()
    with pytest.raises(NotFound, match="counters, applied"):
        await mine.followers.rebuild("nothing")


async def test_a_reader_that_holds_the_table_delays_the_swap_only(kernel: Database, replica: NewReplica) -> None:
    mine: Replica = await replica(kernel)
    await fill(mine, 5)
    await mine.caught_up()
    reader = await asyncpg.connect(kernel.app_dsn)
    transaction = reader.transaction()
    await transaction.start()
    await reader.fetch("select from read.counters")
    rebuild = asyncio.create_task(mine.followers.rebuild("counters"))
    last = await open_counter(mine.store, "meanwhile", 1)

    assert await mine.followers.wait_for(position=last.position, timeout_s=5)
    assert "meanwhile" in await mine.rows()
    await transaction.rollback()
    await reader.close()

    assert await rebuild >= last.position
