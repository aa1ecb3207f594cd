"""The batches of all deployments from the stream of log lines, behind a place, in their order."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import nats.errors
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, StreamInfo
from pydantic import ValidationError

from services.deployments.contract import LOGS_STREAM, LOGS_SUBJECTS, LogBatch
from shared.bus.client import Bus
from shared.errors import Unavailable
from shared.ids import new_id

log = logging.getLogger(__name__)

MOST_BATCHES: Final = 64
"""What is read at a time: at most 4 MiB."""

IDLE_S: Final = 60.0
CLOSE_S: Final = 1.0
PATIENCE_S: Final = 1.0
"""How long an answer of JetStream is waited for: a request that was sent while NATS was away has none."""

_EPOCH: Final = datetime.fromtimestamp(0, UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Place:
    """How far the history has come: the stream, by the microsecond it was made in, its message, the lines so far."""

    stream: int
    sequence: int
    lines: int


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message of the stream; whose it is says its subject, as for viewers. No batch: it can't be read."""

    sequence: int
    deployment_id: str
    component: str
    batch: LogBatch | None


class LogSource:
    """Reads the stream from a place on; `open` again after any failure."""

    def __init__(self, bus: Bus) -> None:
        self.pending = 0
        """How many batches were behind the last one that was read."""

        self._bus = bus
        self._stream = 0
        self._consumer = ""
        self._subscription: JetStreamContext.PullSubscription | None = None

    async def open(self, place: Place) -> Place:
        """Begin behind `place` and return it; in a stream that was made or restored since, before its first message.

        Raises nats' errors while the stream is away.
        """
        jetstream = self._jetstream()
        info = await jetstream.stream_info(LOGS_STREAM)
        self._stream = _made(info)
        if place.stream != self._stream or info.state.last_seq < place.sequence:
            if place.stream:
                log.warning("stream of log lines is another one", extra={"sequence": place.sequence})
            place = Place(self._stream, 0, place.lines)
        config = ConsumerConfig(ack_policy=AckPolicy.NONE, mem_storage=True, num_replicas=1, inactive_threshold=IDLE_S)
        config.deliver_policy, config.opt_start_seq = DeliverPolicy.BY_START_SEQUENCE, place.sequence + 1
        self._consumer = f"history-{new_id()}"
        made = await jetstream.add_consumer(LOGS_STREAM, config, name=self._consumer, filter_subject=LOGS_SUBJECTS)
        self.pending = made.num_pending or 0
        self._subscription = await jetstream.pull_subscribe_bind(stream=LOGS_STREAM, name=self._consumer)
        return place

    async def read(self, *, wait_s: float) -> Sequence[Arrived]:
        """Return the next messages, waiting at most `wait_s` for the first; raises nats' errors when they fail."""
        assert self._subscription is not None
        try:
            messages = await self._subscription.fetch(MOST_BATCHES, timeout=wait_s)
        except TimeoutError:  # nothing new; also nats.errors.TimeoutError
            self.pending = 0
            return ()
        self.pending = messages[-1].metadata.num_pending
        return [_arrived(message) for message in messages]

    async def confirm(self) -> None:
        """Raise Unavailable where the stream is another one by now, and nats' errors where there is none."""
        info = await self._jetstream().stream_info(LOGS_STREAM)
        if _made(info) != self._stream:
            raise Unavailable("the stream of log lines was made anew")

    async def close(self) -> None:
        """Give the consumer back; what fails here ends by itself after a while."""
        subscription, self._subscription = self._subscription, None
        if subscription is None:
            return
        try:
            async with asyncio.timeout(CLOSE_S):
                await subscription.unsubscribe()
                await self._jetstream().delete_consumer(LOGS_STREAM, self._consumer)
        except (nats.errors.Error, TimeoutError):
            log.debug("a consumer is left to its time limit", extra={"consumer": self._consumer})

    def _jetstream(self) -> JetStreamContext:
        return self._bus.stream(LOGS_STREAM).jetstream(timeout_s=PATIENCE_S)


def _made(info: StreamInfo) -> int:
    return (info.created - _EPOCH) // _MICROSECOND if info.created else 0


def _arrived(message: Msg) -> Arrived:
    _, deployment_id, component = message.subject.split(".")
    try:
        batch = LogBatch.model_validate_json(message.data)
    except ValidationError:
        batch = None
    return Arrived(message.metadata.sequence.stream, deployment_id, component, batch)
