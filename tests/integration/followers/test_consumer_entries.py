"""Consumers whose effect is events of their own: event and mark are one entry."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest

from shared.errors import WrongExpectedVersion
from shared.followers.followers import Followed
from tests.conftest import NewDatabase
from tests.integration.bus import bus_of, until
from tests.integration.followers.conftest import NewReplica, Replica, with_tables
from tests.integration.followers.counters import Applied, CounterClosed, CounterRaised, append, counters, open_counter
from tests.integration.followers.wiring import Copying, serving
from tests.servers import Database, NatsForTests


@pytest.fixture
async def source(kernel: Database, replica: NewReplica, nats_server: NatsForTests) -> AsyncIterator[Replica]:
    async with bus_of(nats_server, "identity") as bus:
        made: Replica = await replica(kernel, bus=bus)
        async with serving(bus, made.followers):
            yield made
        await made.followers.stop()


@pytest.fixture
async def copies(database: NewDatabase, replica: NewReplica, nats_server: NatsForTests) -> AsyncIterator[Replica]:
    """A consumer that copies the counters of the source."""
    async with bus_of(nats_server, "invites") as bus:
        copying = Copying()
        followed = Followed(projections=(counters(), Applied()), consumers=copying.followed().consumers)
        other = await with_tables(await database("kernel"))
        made: Replica = await replica(other, followed, service="invites", bus=bus, start=False)
        copying.store = made.store
        await made.followers.start()
        yield made
        await made.followers.stop()


async def test_effects_show_in_the_consumers_own_projections(source: Replica, copies: Replica) -> None:
    await open_counter(source.store, "a", 1, 2)
    await append(source.store, "a", CounterClosed())  # nothing to the consumer
    last = await append(source.store, "a", CounterRaised(by=4))

    assert await copies.followers.wait_for_source("identity", last.position, timeout_s=10)

    assert (await copies.rows())["copyofa"].total == 7
    assert len(await copies.store.read_stream("counter-copyofa")) == 4


async def test_an_effect_keeps_who_caused_it(source: Replica, copies: Replica) -> None:
    appended = await open_counter(source.store, "a")
    assert await copies.followers.wait_for_source("identity", 1, timeout_s=10)
    origin = appended.events[0].metadata

    effect = (await copies.store.read_stream("counter-copyofa"))[0].metadata

    assert (effect.subject, effect.kind, effect.credential) == ("service:invites", "service", origin.credential)
    assert (effect.correlation_id, effect.causation_id) == (origin.correlation_id, origin.message_id)


async def test_a_second_publication_has_no_second_effect(source: Replica, copies: Replica) -> None:
    await open_counter(source.store, "a", 1, 2)
    await source.followers.republish(timeout_s=10)
    last = await append(source.store, "a", CounterRaised(by=4))

    assert await copies.followers.wait_for_source("identity", last.position, timeout_s=10)

    assert (await copies.rows())["copyofa"].total == 7


async def test_a_lost_race_for_a_stream_is_decided_afresh(source: Replica, copies: Replica) -> None:
    await open_counter(source.store, "a")
    assert await copies.followers.wait_for_source("identity", 1, timeout_s=10)

    async def write(store: Replica, name: str) -> None:
        for _ in range(30):
            await until(lambda: raised(store, name))

    await asyncio.gather(write(source, "a"), write(copies, "copyofa"))
    head = (await source.store.head()).position

    assert await copies.followers.wait_for_source("identity", head, timeout_s=10)
    assert (await copies.rows())["copyofa"].total == 60


async def test_a_lost_connection_leaves_each_effect_once(source: Replica, copies: Replica) -> None:
    async def write() -> None:
        for n in range(60):
            await open_counter(source.store, f"c{n}", 1)

    async with asyncio.TaskGroup() as group:
        group.create_task(write())
        for n in range(3):
            await until(partial(more_than, copies, n * 20))
            await copies.lose_connections()

    assert await copies.followers.wait_for_source("identity", 120, timeout_s=10)
    assert {id_: row.total for id_, row in (await copies.rows()).items()} == {f"copyofc{n}": 1 for n in range(60)}
    assert (await copies.followers.status()).parked == ()


async def test_a_stream_that_fails_is_parked_and_replayed_once(source: Replica, copies: Replica) -> None:
    # The effect can't decode the stream it has to append to.
    await open_counter(source.store, "bad", 1)
    await open_counter(source.store, "good", 1)
    assert await copies.followers.wait_for_source("identity", 4, timeout_s=10)
    await rename_events(copies, "counter.opened", "counter.unheard")
    await append(source.store, "bad", CounterRaised(by=2))
    await append(source.store, "bad", CounterRaised(by=3))
    last = await open_counter(source.store, "fine", 1)

    assert await copies.followers.wait_for_source("identity", last.position, timeout_s=10)
    parked = (await copies.followers.status()).parked
    assert [(each.follower, each.stream, each.position) for each in parked] == [("consumer:identity", "counter-bad", 5)]
    await rename_events(copies, "counter.unheard", "counter.opened")
    assert await copies.followers.replay("consumer:identity", "counter-bad")

    await copies.caught_up()
    assert {id_: row.total for id_, row in (await copies.rows()).items()} == {
        "copyofbad": 6,
        "copyofgood": 1,
        "copyoffine": 1,
    }


async def rename_events(mine: Replica, old: str, new: str) -> None:
    await mine.as_admin(
        f"""alter table events disable trigger all;
            update events set type_name = '{new}' where type_name = '{old}' and stream = 'counter-copyofbad';
            alter table events enable always trigger events_are_append_only"""
    )


async def raised(mine: Replica, name: str) -> bool:
    try:
        await append(mine.store, name, CounterRaised(by=1))
    except WrongExpectedVersion:
        return False
    return True


async def more_than(copies: Replica, count: int) -> bool:
    return (await copies.store.head()).position > count
