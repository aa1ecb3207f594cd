"""A source and a consumer of its events, on NATS as in the product."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

from nats.aio.client import Client
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError

from shared.bus.client import Bus
from shared.bus.kernel import Events, PublishedEvents
from shared.bus.request import Request, Result
from shared.bus.server import BusServer
from shared.followers.consumer import Consumer, Effect
from shared.followers.followers import Followed, Followers
from shared.followers.published import Published
from shared.messages import Event
from shared.store.events import EventStore
from shared.store.model import Expected, NewEvent, PgConnection
from tests.integration.followers.conftest import Replica
from tests.integration.followers.counters import CounterOpened, CounterRaised, stream

STREAM = "identity-events"


@asynccontextmanager
async def serving(bus: Bus, followers: Followers) -> AsyncGenerator[None]:
    """Answer `identity.query.events`, as every service does."""

    async def events(request: Request[Events]) -> Result[PublishedEvents]:
        asked = request.message
        return Result(await followers.published_events(after=asked.after, limit=asked.limit, epoch=asked.epoch))

    server = BusServer(bus, "identity", {Events: events})
    await server.start()
    try:
        yield
    finally:
        await server.drain(patience_s=1)


@dataclass(frozen=True)
class Stored:
    """A message of the stream."""

    subject: str
    data: bytes
    headers: dict[str, str]


async def stored(client: Client) -> list[Stored]:
    """Return the messages of the stream, in order."""
    js = client.jetstream()
    try:
        state = (await js.stream_info(STREAM)).state
        sequences = range(state.first_seq, state.last_seq + 1) if state.messages else ()
        return [_stored(await js.get_msg(STREAM, seq=n)) for n in sequences]
    except NotFoundError:  # no stream, or emptied just now
        return []


def _stored(message: RawStreamMsg) -> Stored:
    headers = cast("dict[str, str]", message.headers or {})
    return Stored(message.subject or "", message.data or b"", headers)


async def positions(client: Client) -> list[int]:
    """Return the positions of the events in the stream, in order."""
    return [int(message.headers["ce-position"]) for message in await stored(client)]


class Copying:
    """An effect as entries: what happens to a counter happens to its copy."""

    def __init__(self) -> None:
        self.store: EventStore | None = None

    async def effect(self, published: Published) -> Effect | None:
        assert self.store is not None
        event: Event
        match published.type_name:
            case CounterOpened.type_name:
                event = published.read(CounterOpened)
            case CounterRaised.type_name:
                event = published.read(CounterRaised)
            case _:
                return None
        copy = stream("copyof" + published.stream.partition("-")[2])
        history = await self.store.read_stream(copy)
        head = Expected(copy, len(history), history[-1].hash) if history else Expected(copy)
        return Effect(expected=(head,), events=(NewEvent(copy, event),))

    def followed(self) -> Followed:
        return Followed(consumers=(Consumer(source="identity", entries=self.effect),))


async def write_down(connection: PgConnection, events: Sequence[Published]) -> None:
    """An effect as rows: each event is written down, so that a repeat or a hole shows; a raise above 1000 fails."""
    await connection.execute(
        "insert into taken (position, raised) select * from unnest($1::bigint[], $2::bigint[])",
        [each.position for each in events],
        [each.read(CounterRaised).by if each.type_name == CounterRaised.type_name else 0 for each in events],
    )


WRITING_DOWN = Followed(consumers=(Consumer(source="identity", rows=write_down),))


async def taken(consumer: Replica) -> list[int]:
    """Return the positions that were written down, in order."""
    return [row[0] for row in await consumer.pool.fetch("select position from taken order by n")]
