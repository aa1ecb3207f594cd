"""Projections: rows and checkpoint are one, whoever applies them and wherever it is cut off."""

import asyncio

import asyncpg

from shared.followers.followers import Followed
from tests.integration.bus import until
from tests.integration.followers.conftest import NewReplica, Replica
from tests.integration.followers.counters import AppliedAtGate, CounterClosed, append, folded, open_counter
from tests.servers import Database


async def test_rows_show_what_was_appended(kernel: Database, replica: NewReplica) -> None:
    mine: Replica = await replica(kernel)
    await open_counter(mine.store, "a", 1, 2)
    await open_counter(mine.store, "b", 5)

    last = await append(mine.store, "b", CounterClosed())

    assert await mine.followers.wait_for(position=last.position)
    assert {id_: row.total for id_, row in (await mine.rows()).items()} == {"a": 3}


async def test_a_wait_for_what_has_not_happened_ends_in_time(kernel: Database, replica: NewReplica) -> None:
    mine: Replica = await replica(kernel)

    assert not await mine.followers.wait_for(position=1, timeout_s=0.05)


async def test_a_wait_sees_what_another_replica_has_applied(kernel: Database, replica: NewReplica) -> None:
    mine: Replica = await replica(kernel, start=False)
    await replica(kernel)
    last = await open_counter(mine.store, "a")

    assert await mine.followers.wait_for(position=last.position)
    assert "a" in await mine.rows()


async def test_replicas_that_race_apply_each_event_once_and_in_order(kernel: Database, replica: NewReplica) -> None:
    replicas: list[Replica] = [await replica(kernel) for _ in range(3)]

    async def write(mine: Replica, writer: int) -> None:
        for n in range(10):
            await open_counter(mine.store, f"w{writer}n{n}", 1, 2, 3)

    await asyncio.gather(*(write(replicas[writer % 3], writer) for writer in range(12)))

    head = await replicas[0].caught_up()
    assert head == 12 * 10 * 4
    assert await replicas[0].applied() == list(range(1, head + 1))
    assert await replicas[0].rows() == folded(await replicas[0].store.read_all(after=0, limit=1000))


async def test_a_slow_writer_leaves_no_hole(kernel: Database, replica: NewReplica) -> None:
    first: Replica = await replica(kernel)
    second: Replica = await replica(kernel)
    # Whoever commits an event of the stream "slow" stops at a gate, with its positions drawn and its lock held.
    await first.as_admin(
        """create function at_gate() returns trigger language plpgsql as
           $$ begin perform pg_advisory_xact_lock_shared(4711); return null; end $$;
           create constraint trigger gate after insert on events deferrable initially deferred for each row
           when (new.stream = 'counter-slow') execute function at_gate()"""
    )
    gate = await asyncpg.connect(kernel.admin_dsn)
    await gate.execute("select pg_advisory_lock(4711)")
    await open_counter(first.store, "early", 1)
    slow = asyncio.create_task(open_counter(first.store, "slow", 1))
    await until(lambda: waits_at(gate, 4711))
    others = [asyncio.create_task(open_counter(second.store, f"late{n}", 1)) for n in range(8)]
    await first.followers.wait_for(position=3, timeout_s=0.5)  # more than two polls: the followers have looked
    assert await first.applied() == [1, 2]

    await gate.close()
    await asyncio.gather(slow, *others)

    head = await first.caught_up()
    assert head == 2 + 2 + 8 * 2
    assert await first.applied() == list(range(1, head + 1))


async def test_a_batch_that_loses_its_connection_is_applied_once(kernel: Database, replica: NewReplica) -> None:
    gate = await asyncpg.connect(kernel.admin_dsn)
    await gate.execute("select pg_advisory_lock($1)", AppliedAtGate.GATE)
    mine: Replica = await replica(kernel, Followed(projections=(AppliedAtGate(),)))
    last = await open_counter(mine.store, "a", 1, 2, 3)
    await until(lambda: waits_at(gate, AppliedAtGate.GATE))  # the rows are written, not committed

    killed = await gate.fetchval(
        """select count(pg_terminate_backend(pid)) from pg_locks
           where locktype = 'advisory' and objid = $1 and not granted""",
        AppliedAtGate.GATE,
    )
    await gate.close()

    assert killed == 1
    assert await mine.followers.wait_for(position=last.position, timeout_s=5)
    assert await mine.applied() == [1, 2, 3, 4]


async def waits_at(gate: asyncpg.Connection, key: int) -> bool:
    found: bool = await gate.fetchval(
        "select exists (select from pg_locks where locktype = 'advisory' and objid = $1 and not granted)", key
    )
    return found
