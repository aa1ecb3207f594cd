"""The feed of a consumer: events as they come over JetStream, and pages of the source itself for what did not come."""

import asyncio
import logging
from datetime import timedelta
from typing import Final
from uuid import UUID

import nats.errors
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.client import JetStreamContext

from shared.auth import service_principal
from shared.bus.context import Context
from shared.bus.kernel import Events, PublishedEvents
from shared.followers.loops import Wake
from shared.followers.published import Published, from_message, place_of, stream_name, subjects
from shared.followers.wire import Wire

log = logging.getLogger(__name__)

_WAITING: Final = 2000  # events; what comes while so many wait is dropped, and asked for later
_BACKLOG: Final = 2000  # events; a longer backlog is read from the source, page by page
_PATIENCE_S: Final = 2.0
_IDLE_S: Final = 30.0  # after which NATS forgets a feed that nobody listens to
_PAGE: Final = 500


class Feed:
    """What one consumer hears of its source; `wake` is rung when there is something."""

    def __init__(self, service: str, source: str, *, wire: Wire, wake: Wake) -> None:
        self._service = service
        self._source = source
        self._wire = wire
        self._wake = wake
        self._waiting: asyncio.Queue[Published] = asyncio.Queue(_WAITING)
        self._subscription: JetStreamContext.PushSubscription | None = None
        self._stream = wire.stream(stream_name(source))
        self._stream.on_connected(self._reconnected)

    async def open(self, place: tuple[UUID, int]) -> None:
        """Listen from the event behind `place` on; without a stream there is nothing to hear, which is no error."""
        if self._subscription is not None:
            return
        js = self._stream.jetstream()
        try:
            async with asyncio.timeout(_PATIENCE_S):
                start = await self._start(js, place)
                self._subscription = await js.subscribe(
                    subjects(self._source),
                    stream=stream_name(self._source),
                    cb=self._receive,
                    manual_ack=True,
                    config=_config(start),
                    pending_msgs_limit=_WAITING,
                )
        except (nats.errors.Error, TimeoutError) as error:
            log.debug("no feed", extra={"source": self._source, "error": str(error)})

    async def close(self) -> None:
        """Stop listening, until it is opened again."""
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            try:
                await subscription.unsubscribe()
            except nats.errors.Error:
                log.debug("feed was gone", extra={"source": self._source})

    def taken(self, most: int) -> list[Published]:
        """Return what has come, in the order in which it came."""
        events = [self._waiting.get_nowait() for _ in range(min(most, self._waiting.qsize()))]
        if not self._waiting.empty():
            self._wake.ring()
        return events

    async def page(self, *, after: int, epoch: UUID | None) -> PublishedEvents:
        """Return the next events from the source itself; raise Unavailable when it does not answer."""
        context = Context.first(service_principal(self._service), patience=timedelta(seconds=_PATIENCE_S))
        asked = Events(after=after, limit=_PAGE, epoch=epoch)
        return (await self._wire.ask(asked, context, to=self._source)).value

    def of(self, page: PublishedEvents) -> list[Published]:
        """Return the events of a page as those of our source."""
        return [Published.model_construct(source=self._source, **dict(event)) for event in page.events]

    async def _reconnected(self) -> None:
        await self.close()
        self._wake.ring()

    async def _start(self, js: JetStreamContext, place: tuple[UUID, int]) -> int:
        """Return the sequence number to listen from; a wrong one is noticed as a gap."""
        state = (await js.stream_info(stream_name(self._source))).state
        behind = 0
        if state.messages:
            last = place_of(await js.get_last_msg(stream_name(self._source), subjects(self._source)))
            behind = last[1] - place[1] if last and last[0] == place[0] else 0
        return max(1, state.first_seq, state.last_seq + 1 - (behind if 0 < behind <= _BACKLOG else 0))

    async def _receive(self, message: Msg) -> None:
        event = from_message(self._source, message.data, message.headers or {})
        if event is not None and not self._waiting.full():
            self._waiting.put_nowait(event)
        self._wake.ring()


def _config(start: int) -> ConsumerConfig:
    return ConsumerConfig(
        deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
        opt_start_seq=start,
        ack_policy=AckPolicy.NONE,
        inactive_threshold=_IDLE_S,
        mem_storage=True,
        num_replicas=1,
    )
