"""Parking: one stream that cannot be applied waits for a person; all others go on."""

import asyncpg
import pytest

from shared.errors import NotFound
from tests.integration.followers.conftest import NewReplica, Replica
from tests.integration.followers.counters import (
    NEWER_TYPES,
    TOO_MUCH,
    CounterRaised,
    CounterSpoken,
    append,
    folded,
    open_counter,
)
from tests.servers import Database


async def allow_much(kernel: Database) -> None:
    """Mend what made the stream fail."""
    owner = await asyncpg.connect(kernel.owner_dsn)
    await owner.execute("alter table read.counters drop constraint counters_total_check")
    await owner.close()


async def test_a_stream_that_fails_is_parked_and_the_others_go_on(kernel: Database, replica: NewReplica) -> None:
    mine: Replica = await replica(kernel)
    await open_counter(mine.store, "good", 1)
    await open_counter(mine.store, "bad", 1, TOO_MUCH, 2)
    await open_counter(mine.store, "fine", 1)

    head = await mine.caught_up()

    totals = {id_: row.total for id_, row in (await mine.rows()).items()}
    assert totals == {"good": 1, "bad": 1, "fine": 1}  # as far as it went
    status = await mine.followers.status()
    assert [(each.follower, each.stream, each.position) for each in status.parked] == [("counters", "counter-bad", 5)]
    assert "counters_total_check" in status.parked[0].error
    assert await mine.applied() == list(range(1, head + 1))  # the other projection has no trouble with it


async def test_events_of_a_parked_stream_wait(kernel: Database, replica: NewReplica) -> None:
    mine: Replica = await replica(kernel)
    await open_counter(mine.store, "bad", TOO_MUCH)
    await mine.caught_up()

    last = await append(mine.store, "bad", CounterRaised(by=1))
    await mine.caught_up()

    assert (await mine.rows())["bad"].total == 0
    assert not await mine.followers.wait_for(position=last.position, stream="counter-bad", timeout_s=60)
    assert await mine.followers.wait_for(position=last.position, stream="counter-good")


async def test_a_replay_applies_the_backlog_in_order(kernel: Database, replica: NewReplica) -> None:
    mine: Replica = await replica(kernel)
    await open_counter(mine.store, "bad", 1, TOO_MUCH, 2)
    await append(mine.store, "bad", CounterRaised(by=3))
    await mine.caught_up()

    assert not await mine.followers.replay("counters", "counter-bad")
    assert (await mine.rows())["bad"].total == 1

    await allow_much(kernel)
    assert await mine.followers.replay("counters", "counter-bad")
    assert (await mine.rows())["bad"].total == TOO_MUCH + 6
    last = await append(mine.store, "bad", CounterRaised(by=4))
    assert await mine.followers.wait_for(position=last.position, stream="counter-bad")
    assert await mine.rows() == folded(await mine.store.read_all(after=0, limit=100))
    assert (await mine.followers.status()).parked == ()


async def test_a_replay_that_fails_further_on_keeps_what_it_could_apply(kernel: Database, replica: NewReplica) -> None:
    mine: Replica = await replica(kernel)
    await open_counter(mine.store, "bad", TOO_MUCH, -TOO_MUCH, 5, TOO_MUCH, 7)
    await mine.caught_up()
    owner = await asyncpg.connect(kernel.owner_dsn)
    await owner.execute("alter table read.counters drop constraint counters_total_check")
    await owner.execute("alter table read.counters add check (total <> 1000005)")
    await owner.close()

    assert not await mine.followers.replay("counters", "counter-bad")

    assert (await mine.rows())["bad"].total == 5
    assert [each.position for each in (await mine.followers.status()).parked] == [5]


async def test_only_what_is_parked_can_be_replayed(kernel: Database, replica: NewReplica) -> None:
    mine: Replica = await replica(kernel)
    await open_counter(mine.store, "good")
    await mine.caught_up()

    with pytest.raises(NotFound, match="not parked"):
        await mine.followers.replay("counters", "counter-good")
    with pytest.raises(NotFound, match="no follower"):
        await mine.followers.replay("nobody", "counter-good")


async def test_an_event_that_cannot_be_read_parks_its_stream(kernel: Database, replica: NewReplica) -> None:
    newer: Replica = await replica(kernel, types=NEWER_TYPES, start=False)
    await open_counter(newer.store, "a", 1)
    await open_counter(newer.store, "b", 1)
    await append(newer.store, "a", CounterSpoken())
    await append(newer.store, "a", CounterRaised(by=1))
    await append(newer.store, "b", CounterRaised(by=1))

    older: Replica = await replica(kernel)
    await older.caught_up()

    assert {id_: row.total for id_, row in (await older.rows()).items()} == {"a": 1, "b": 2}
    parked = {(each.follower, each.stream, each.position) for each in (await older.followers.status()).parked}
    assert parked == {("counters", "counter-a", 5), ("applied", "counter-a", 5)}
    assert await newer.followers.replay("counters", "counter-a")
    assert (await newer.rows())["a"].total == 2
