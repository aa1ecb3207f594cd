"""Consumers: every event of the source has its effect once and in order, whatever happens to NATS and Postgres."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from functools import partial

import asyncpg
import pytest

from tests.conftest import NewDatabase
from tests.integration.bus import bus_of, client_of, until
from tests.integration.followers.conftest import QUICK, NewReplica, Replica, with_tables
from tests.integration.followers.counters import CounterClosed, CounterRaised, append, open_counter
from tests.integration.followers.wiring import STREAM, WRITING_DOWN, positions, serving, stored, taken
from tests.integration.followers.world import (
    NewConsumer,
    World,
    has_skipped,
    has_taken_all,
    is_parked,
    more_than,
    open_many,
    published,
)
from tests.servers import Database, NatsForTests


@pytest.fixture
async def world(
    kernel: Database, database: NewDatabase, replica: NewReplica, nats_server: NatsForTests
) -> AsyncIterator[World]:
    async with (
        bus_of(nats_server, "identity") as bus,
        client_of(nats_server, "test", stream=STREAM) as client,
    ):
        source: Replica = await replica(kernel, bus=bus)
        async with serving(bus, source.followers):
            yield World(nats_server, source, bus, client, await with_tables(await database("kernel")))
        await source.followers.stop()


@pytest.fixture
async def consumer(world: World, replica: NewReplica) -> AsyncIterator[NewConsumer]:
    """A maker of consumers that write down what they take; each is a replica with its own connections."""
    async with AsyncExitStack() as stack:

        async def make(start: bool = True) -> Replica:
            bus = await stack.enter_async_context(bus_of(world.nats, "invites"))
            made: Replica = await replica(world.other, WRITING_DOWN, service="invites", bus=bus, start=start)
            stack.push_async_callback(made.followers.stop)
            return made

        yield make


async def has_taken(mine: Replica, last: int, first: int = 1) -> None:
    """Wait until the consumer has taken these positions; fails when it has taken others or one twice."""
    await until(lambda: reached(mine, last))
    assert await taken(mine) == list(range(first, last + 1))


async def reached(mine: Replica, last: int) -> bool:
    return (await taken(mine))[-1:] == [last]


async def test_events_have_their_effect_in_order(world: World, consumer: NewConsumer) -> None:
    mine = await consumer()
    for n in range(10):
        await open_counter(world.source.store, f"c{n}", 1, 2)

    await has_taken(mine, 30)

    assert await mine.followers.wait_for_source("identity", 30)
    assert not await mine.followers.wait_for_source("identity", 31, timeout_s=0.05)


async def test_what_happened_before_the_first_start_is_taken_too(world: World, consumer: NewConsumer) -> None:
    await open_counter(world.source.store, "a", *range(1, 700))

    mine = await consumer()

    await has_taken(mine, 700)


async def test_a_new_consumer_asks_its_source_at_once(world: World, replica: NewReplica) -> None:
    await open_counter(world.source.store, "a", 1)
    async with bus_of(world.nats, "invites") as bus:
        rare = replace(QUICK, poll=timedelta(hours=1))
        mine: Replica = await replica(world.other, WRITING_DOWN, service="invites", bus=bus, settings=rare)

        await has_taken(mine, 2)

        await mine.followers.stop()


async def test_a_consumer_goes_on_where_it_stopped(world: World, consumer: NewConsumer) -> None:
    first = await consumer()
    await open_counter(world.source.store, "a", 1)
    await has_taken(first, 2)
    await first.followers.stop()
    await append(world.source.store, "a", CounterRaised(by=1), CounterRaised(by=2))

    await has_taken(await consumer(), 4)


async def test_replicas_take_each_event_once(world: World, consumer: NewConsumer) -> None:
    replicas = [await consumer() for _ in range(3)]
    for n in range(20):
        await open_counter(world.source.store, f"c{n}", 1)

    await has_taken(replicas[0], 40)
    await replicas[0].followers.stop()
    await open_counter(world.source.store, "last", 1)

    await has_taken(replicas[1], 42)


async def test_a_second_publication_has_no_second_effect(world: World, consumer: NewConsumer) -> None:
    mine = await consumer()
    await open_counter(world.source.store, "a", 1, 2)
    await has_taken(mine, 3)

    assert await world.source.followers.republish(timeout_s=10) == 3
    await append(world.source.store, "a", CounterRaised(by=1))

    await has_taken(mine, 4)
    assert await positions(world.client) == [1, 2, 3, 4]


async def test_a_gap_in_the_stream_is_filled_from_the_source(world: World, consumer: NewConsumer) -> None:
    mine = await consumer(start=False)
    await open_counter(world.source.store, "a", 1, 2, 3)
    await until(lambda: published(world, 4))
    for sequence in (2, 3):
        await world.client.jetstream().delete_msg(STREAM, sequence)

    await mine.followers.start()

    await has_taken(mine, 4)


async def test_messages_that_are_none_of_ours_do_no_harm(world: World, consumer: NewConsumer) -> None:
    mine = await consumer()
    await open_counter(world.source.store, "a", 1)
    await has_taken(mine, 2)

    headers = {name: value for name, value in (await stored(world.client))[1].headers.items() if name.startswith("ce-")}
    for broken in ({}, headers | {"ce-position": "x"}, headers | {"ce-epoch": headers["ce-id"], "ce-position": "3"}):
        await world.client.jetstream().publish("identity.events.counter.raised.a", b"{}", headers=broken)
    await append(world.source.store, "a", CounterRaised(by=1))

    await has_taken(mine, 3)


async def test_a_restart_of_nats_is_outlived(world: World, consumer: NewConsumer) -> None:
    mine = await consumer()
    await open_counter(world.source.store, "a", 1)
    await has_taken(mine, 2)

    world.nats.kill()
    await append(world.source.store, "a", CounterRaised(by=1))
    world.nats.restart()

    async with asyncio.timeout(5):
        await has_taken(mine, 3)
    await append(world.source.store, "a", CounterRaised(by=1))
    await has_taken(mine, 4)


async def test_jetstream_without_its_data_is_outlived(world: World, consumer: NewConsumer) -> None:
    mine = await consumer()
    await open_counter(world.source.store, "a", 1)
    await has_taken(mine, 2)

    world.nats.kill()
    shutil.rmtree(world.nats.server.store)
    await append(world.source.store, "a", CounterRaised(by=1))
    world.nats.restart()

    async with asyncio.timeout(5):
        await has_taken(mine, 3)
    await until(lambda: published(world, 3))
    await append(world.source.store, "a", CounterRaised(by=1))
    await has_taken(mine, 4)


async def test_a_stream_that_is_deleted_under_way_is_outlived(world: World, consumer: NewConsumer) -> None:
    mine = await consumer()
    await open_counter(world.source.store, "a", 1)
    await has_taken(mine, 2)

    await world.client.jetstream().delete_stream(STREAM)
    await append(world.source.store, "a", CounterRaised(by=1))

    async with asyncio.timeout(5):
        await has_taken(mine, 3)
    await until(lambda: published(world, 3))
    await append(world.source.store, "a", CounterRaised(by=1))
    async with asyncio.timeout(5):
        await has_taken(mine, 4)


async def test_a_lost_connection_to_postgres_is_outlived(world: World, consumer: NewConsumer) -> None:
    mine = await consumer()
    async with asyncio.TaskGroup() as group:
        group.create_task(open_many(world.source, 60))
        for n in range(3):
            await until(partial(more_than, mine, n * 20))
            await mine.lose_connections()

    await has_taken(mine, 120)


async def test_a_stream_that_fails_is_parked_and_replayed(world: World, consumer: NewConsumer) -> None:
    mine = await consumer()
    await open_counter(world.source.store, "good", 1)
    await open_counter(world.source.store, "bad", 1, 1001)
    await append(world.source.store, "good", CounterRaised(by=2))
    await append(world.source.store, "bad", CounterRaised(by=3))
    await append(world.source.store, "good", CounterRaised(by=4))
    await until(lambda: reached(mine, 8))
    assert await taken(mine) == [1, 2, 3, 4, 6, 8]
    parked = (await mine.followers.status()).parked
    assert [(each.follower, each.stream, each.position) for each in parked] == [("consumer:identity", "counter-bad", 5)]
    assert not await mine.followers.replay("consumer:identity", "counter-bad")

    owner = await asyncpg.connect(world.other.owner_dsn)
    await owner.execute("alter table taken drop constraint taken_raised_check")
    await owner.close()
    assert await mine.followers.replay("consumer:identity", "counter-bad")

    assert await taken(mine) == [1, 2, 3, 4, 6, 8, 5, 7]
    assert (await mine.followers.status()).parked == ()
    await append(world.source.store, "bad", CounterRaised(by=5))
    await until(lambda: reached(mine, 9))


async def test_a_replay_while_events_arrive_misses_none(world: World, consumer: NewConsumer) -> None:
    mine = await consumer()
    await open_counter(world.source.store, "bad", 1001)
    await until(lambda: is_parked(mine))
    owner = await asyncpg.connect(world.other.owner_dsn)
    await owner.execute("alter table taken drop constraint taken_raised_check")
    await owner.close()

    async def write() -> None:
        for _ in range(40):
            await append(world.source.store, "bad", CounterRaised(by=1))

    async with asyncio.TaskGroup() as group:
        group.create_task(write())
        await until(lambda: has_skipped(mine))
        assert await mine.followers.replay("consumer:identity", "counter-bad")

    await until(lambda: more_than(mine, 41))
    assert await taken(mine) == list(range(1, 43))  # in order too


async def test_a_new_epoch_of_the_source_is_entered_once(world: World, consumer: NewConsumer) -> None:
    mine = await consumer()
    await open_counter(world.source.store, "a", 1)
    await has_taken(mine, 2)

    await world.source.as_admin("select start_epoch()")
    await append(world.source.store, "a", CounterRaised(by=1))

    await has_taken(mine, 3)


async def test_a_source_restored_to_an_earlier_point_is_followed_from_there(
    world: World, consumer: NewConsumer
) -> None:
    mine = await consumer()
    await open_counter(world.source.store, "a", 1, 2, 3)
    await has_taken(mine, 4)

    # As after a restore of a copy that was made at position 2, which then begins a new epoch.
    await world.source.followers.stop()
    await world.source.as_admin(
        """alter table events disable trigger all;
           delete from events where position > 2;
           alter table events enable always trigger events_are_append_only;
           update store_head set position = 2, count = 2; select start_epoch()"""
    )
    await world.source.followers.start()
    await append(world.source.store, "a", CounterClosed())

    await until(lambda: has_taken_all(mine, [1, 2, 3, 4, 3]))
