"""The publisher: what JetStream holds is what the store holds, whatever happens to either."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

import pytest
from nats.aio.client import Client

from shared.bus.client import Bus
from shared.followers.followers import Followed
from shared.followers.settings import StreamLimits
from tests.integration.bus import bus_of, client_of, until
from tests.integration.followers.conftest import QUICK, NewReplica, Replica
from tests.integration.followers.counters import CounterRaised, append, open_counter
from tests.integration.followers.wiring import STREAM, positions, stored
from tests.servers import Database, NatsForTests

NOTHING = Followed()


@dataclass(frozen=True)
class Publishing:
    """A replica that publishes, and a client that looks at the stream."""

    mine: Replica
    bus: Bus
    client: Client

    async def holds(self, last: int, first: int = 1) -> None:
        """Wait until the stream holds exactly these positions, in order."""
        await until(lambda: self._holds(list(range(first, last + 1))))

    async def _holds(self, wanted: list[int]) -> bool:
        return await positions(self.client) == wanted


@pytest.fixture
async def bus(nats_server: NatsForTests) -> AsyncIterator[Bus]:
    async with bus_of(nats_server, "identity") as bus:
        yield bus


@pytest.fixture
async def client(nats_server: NatsForTests) -> AsyncIterator[Client]:
    async with client_of(nats_server, "test", stream=STREAM) as client:
        yield client


@pytest.fixture
async def publishing(kernel: Database, replica: NewReplica, bus: Bus, client: Client) -> Publishing:
    return Publishing(await replica(kernel, NOTHING, bus=bus), bus, client)


async def test_events_are_published_as_cloudevents(publishing: Publishing) -> None:
    appended = await open_counter(publishing.mine.store, "a", 7)
    await publishing.holds(2)
    epoch = (await publishing.mine.store.head()).epoch
    recorded = appended.events[1]

    message = (await stored(publishing.client))[1]

    assert message.subject == "identity.events.counter.raised.a"
    assert message.data == b'{"by":7}'
    assert message.headers == {
        "Nats-Expected-Last-Sequence": "1",
        "Nats-Msg-Id": str(recorded.event_id),
        "ce-specversion": "1.0",
        "ce-id": str(recorded.event_id),
        "ce-source": "identity",
        "ce-type": "counter.raised",
        "ce-subject": "counter-a",
        "ce-time": recorded.recorded_at.isoformat(),
        "ce-datacontenttype": "application/json",
        "ce-schemaversion": "1",
        "ce-epoch": str(epoch),
        "ce-position": "2",
        "ce-prevposition": "1",
        "ce-messageid": str(recorded.metadata.message_id),
        "ce-correlationid": str(recorded.metadata.correlation_id),
        "ce-causationid": str(recorded.metadata.causation_id),
        "ce-principal": "ann",
        "ce-principalkind": "user",
        "ce-credential": "s1",
    }


async def test_replicas_publish_each_event_once_and_in_order(
    kernel: Database, replica: NewReplica, publishing: Publishing, nats_server: NatsForTests
) -> None:
    async with bus_of(nats_server, "identity") as second_bus:
        second: Replica = await replica(kernel, NOTHING, bus=second_bus)

        async def write(mine: Replica, writer: int) -> None:
            for n in range(10):
                await open_counter(mine.store, f"w{writer}n{n}", 1)

        await asyncio.gather(*(write((publishing.mine, second)[n % 2], n) for n in range(6)))

        await publishing.holds(120)
        await second.followers.stop()


async def test_another_replica_goes_on_when_the_leader_stops(
    kernel: Database, replica: NewReplica, publishing: Publishing, nats_server: NatsForTests
) -> None:
    await open_counter(publishing.mine.store, "a", 1)
    await publishing.holds(2)
    async with bus_of(nats_server, "identity") as second_bus:
        second: Replica = await replica(kernel, NOTHING, bus=second_bus)
        await publishing.mine.followers.stop()

        await open_counter(second.store, "b", 1)

        await publishing.holds(4)
        await second.followers.stop()


async def test_a_message_of_somebody_who_does_not_lead_is_refused(publishing: Publishing) -> None:
    await open_counter(publishing.mine.store, "a", 1)
    await publishing.holds(2)
    # A former leader's late message: put into the stream behind the leader's back.
    message = (await stored(publishing.client))[1]
    headers = {"ce-epoch": message.headers["ce-epoch"], "ce-position": "2"}
    await publishing.client.jetstream().publish(message.subject, b"{}", headers=headers)

    await append(publishing.mine.store, "a", CounterRaised(by=1))

    await until(lambda: has(publishing.client, [1, 2, 2, 3]))


async def test_a_deleted_stream_is_filled_again(publishing: Publishing) -> None:
    await open_counter(publishing.mine.store, "a", 1, 2)
    await publishing.holds(3)

    await publishing.client.jetstream().delete_stream(STREAM)

    await publishing.holds(3)  # without a new event
    await append(publishing.mine.store, "a", CounterRaised(by=1))
    await publishing.holds(4)


async def test_a_purged_stream_is_filled_again(publishing: Publishing) -> None:
    await open_counter(publishing.mine.store, "a", 1, 2)
    await publishing.holds(3)

    await publishing.client.jetstream().purge_stream(STREAM)

    await publishing.holds(3)  # although JetStream remembers the ids of all three


async def test_a_restart_of_nats_is_outlived(publishing: Publishing, nats_server: NatsForTests) -> None:
    await open_counter(publishing.mine.store, "a", 1)
    await publishing.holds(2)

    nats_server.kill()
    await append(publishing.mine.store, "a", CounterRaised(by=1))
    nats_server.restart()

    async with asyncio.timeout(5):
        await publishing.holds(3)


async def test_jetstream_without_its_data_is_filled_again(publishing: Publishing, nats_server: NatsForTests) -> None:
    await open_counter(publishing.mine.store, "a", 1)
    await publishing.holds(2)

    nats_server.kill()
    shutil.rmtree(nats_server.server.store)
    await append(publishing.mine.store, "a", CounterRaised(by=1))
    nats_server.restart()

    async with asyncio.timeout(5):
        await publishing.holds(3)


async def test_a_new_epoch_begins_the_stream_anew(publishing: Publishing) -> None:
    await open_counter(publishing.mine.store, "a", 1)
    await publishing.holds(2)
    old = (await publishing.mine.store.head()).epoch

    await publishing.mine.as_admin("select start_epoch()")
    await append(publishing.mine.store, "a", CounterRaised(by=1))

    await until(lambda: is_of_another_epoch(publishing.client, old))
    await publishing.holds(3)


async def test_events_are_published_again_on_request(publishing: Publishing) -> None:
    await open_counter(publishing.mine.store, "a", 1, 2, 3)
    await publishing.holds(4)

    assert await publishing.mine.followers.republish(after=1, timeout_s=10) == 4

    await publishing.holds(4, first=2)
    await append(publishing.mine.store, "a", CounterRaised(by=1))
    await publishing.holds(5, first=2)


async def test_only_events_young_enough_to_be_kept_are_published_again(
    kernel: Database, replica: NewReplica, bus: Bus, client: Client
) -> None:
    settings = replace(QUICK, stream=StreamLimits(age=timedelta(hours=1), duplicate_window=timedelta(minutes=1)))
    mine: Replica = await replica(kernel, NOTHING, bus=bus, settings=settings, start=False)
    await open_counter(mine.store, "a", *range(20))
    await mine.as_admin(
        """alter table events disable trigger all;
           update events set recorded_at = now() - interval '2 hours' where position <= 13;
           alter table events enable always trigger events_are_append_only"""
    )

    await mine.followers.start()

    await Publishing(mine, bus, client).holds(21, first=14)


async def test_the_limits_of_a_stream_follow_the_settings(
    kernel: Database, replica: NewReplica, publishing: Publishing
) -> None:
    await open_counter(publishing.mine.store, "a", 1)
    await publishing.holds(2)
    await publishing.mine.followers.stop()
    limits = StreamLimits(age=timedelta(days=1), most_bytes=1_000_000)

    await replica(kernel, NOTHING, bus=publishing.bus, settings=replace(QUICK, stream=limits))

    await until(lambda: is_limited(publishing.client, limits))
    await publishing.holds(2)


async def has(client: Client, wanted: list[int]) -> bool:
    return await positions(client) == wanted


async def is_of_another_epoch(client: Client, old: UUID) -> bool:
    messages = await stored(client)
    return bool(messages) and all(each.headers["ce-epoch"] != str(old) for each in messages)


async def is_limited(client: Client, limits: StreamLimits) -> bool:
    config = (await client.jetstream().stream_info(STREAM)).config
    return (config.max_age, config.max_bytes) == (limits.age.total_seconds(), limits.most_bytes)
