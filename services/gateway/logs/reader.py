"""Reads one deployment's batches from JetStream, from a moment on, through whatever happens to NATS."""

import asyncio
import logging
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import Final

import nats.errors
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from pydantic import ValidationError

from services.deployments.contract import LOGS_STREAM, LogBatch
from services.gateway.logs.cursor import OLDEST, Cursor, microseconds
from shared.bus.client import Bus
from shared.errors import Unavailable
from shared.ids import new_id

log: Final = logging.getLogger(__name__)

MOST_MESSAGES: Final = 64
"""Batches that one fetch asks for: at most 4 MiB."""

IDLE_S: Final = 90.0
"""How long JetStream keeps the consumer of a reader that does not ask."""

CLOSE_S: Final = 1.0

SKEW: Final = timedelta(seconds=5)
"""How far a component's clock may be ahead of the server's."""

REMEMBERED: Final = 1_000


@dataclass(frozen=True, slots=True)
class Read:
    """A batch with its place, and how many batches before it are gone for good; `torn`: nobody knows how many."""

    batch: LogBatch
    missing: int
    stream: int = 0
    sequence: int = 0
    torn: bool = False


@dataclass(slots=True)
class _Seen:
    """Which batches a reader had, so that a repeat is left out and a gap is told."""

    recent: OrderedDict[str, None] = field(default_factory=OrderedDict[str, None])
    last: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])

    def take(self, batch: LogBatch) -> int | None:
        """Return how many batches are missing before this one, None where it was had before."""
        known = batch.message_id()
        if known in self.recent:
            return None
        self.recent[known] = None
        if len(self.recent) > REMEMBERED:
            self.recent.popitem(last=False)
        source = (batch.component, batch.incarnation)
        before = self.last.get(source, batch.batch - 1)
        self.last[source] = max(before, batch.batch)
        if len(self.last) > REMEMBERED:
            self.last.pop(next(iter(self.last)))
        return max(0, batch.batch - before - 1)


class Reader:
    """A place in the stream of one subject filter; it finds its place again after any failure.

    It begins with the message of `start`, which its viewer may not have seen whole, or with the time of it.
    """

    def __init__(self, bus: Bus, subject: str, start: Cursor) -> None:
        self._bus = bus
        self._subject = subject
        self._since = max(start.since, OLDEST) - SKEW
        self._stream = start.stream
        self._next = start.sequence
        self._resumes = start.sequence > 0
        self._torn = False
        self._pending: int | None = None
        self._head: int | None = None
        self._seen = _Seen()
        self._consumer = ""
        self._subscription: JetStreamContext.PullSubscription | None = None

    @property
    def caught_up(self) -> bool:
        """Say whether everything was read that was there when reading began."""
        return self._pending == 0 or (self._head is not None and self._next > self._head)

    async def read(self, *, wait_s: float) -> list[Read]:
        """Return the next batches, waiting at most `wait_s` for the first; raises Unavailable if NATS is away."""
        deadline = time.monotonic() + wait_s
        try:
            if self._subscription is None:
                self._subscription = await self._subscribe()
            left = max(deadline - time.monotonic(), 0.01)
            messages = await self._subscription.fetch(MOST_MESSAGES, timeout=left)
        except TimeoutError:  # nothing new; also nats.errors.TimeoutError
            return []
        except nats.errors.Error as error:
            await self.close()
            raise Unavailable("the logs can't be read") from error
        return [read for message in messages if (read := self._take(message)) is not None]

    async def close(self) -> None:
        """Give the consumer back; what fails here ends by itself after a while."""
        subscription, self._subscription = self._subscription, None
        if subscription is None:
            return
        try:
            async with asyncio.timeout(CLOSE_S):
                await subscription.unsubscribe()
                await self._bus.stream(LOGS_STREAM).jetstream().delete_consumer(LOGS_STREAM, self._consumer)
        except (nats.errors.Error, TimeoutError):
            log.debug("a consumer is left to its time limit", extra={"consumer": self._consumer})

    async def _subscribe(self) -> JetStreamContext.PullSubscription:
        jetstream = self._bus.stream(LOGS_STREAM).jetstream()
        self._consumer = f"gateway-{new_id()}"
        config = await self._start(jetstream)
        made = await jetstream.add_consumer(LOGS_STREAM, config, name=self._consumer, filter_subject=self._subject)
        self._pending = made.num_pending
        return await jetstream.pull_subscribe_bind(stream=LOGS_STREAM, name=self._consumer)

    async def _start(self, jetstream: JetStreamContext) -> ConsumerConfig:
        """Return where to read on: behind the last message seen, or from a time where the stream is another one."""
        info = await jetstream.stream_info(LOGS_STREAM)
        made = microseconds(info.created) if info.created else 0
        had = self._next if self._resumes else self._next - 1
        reborn = made != self._stream or info.state.last_seq < had
        self._torn = self._resumes and (reborn or info.state.first_seq > self._next)
        self._stream = made
        if reborn:
            self._next, self._head = 0, None
        if self._head is None:
            self._head = info.state.last_seq
        config = ConsumerConfig(ack_policy=AckPolicy.NONE, mem_storage=True, num_replicas=1, inactive_threshold=IDLE_S)
        if self._next:
            config.deliver_policy, config.opt_start_seq = DeliverPolicy.BY_START_SEQUENCE, self._next
        else:
            config.deliver_policy, config.opt_start_time = DeliverPolicy.BY_START_TIME, self._since
        return config

    def _take(self, message: Msg) -> Read | None:
        about = message.metadata
        sequence = about.sequence.stream
        self._next = max(self._next, sequence + 1)
        self._since = max(self._since, about.timestamp.astimezone(UTC) - SKEW)
        self._pending = about.num_pending
        self._resumes = False
        try:
            batch = LogBatch.model_validate_json(message.data)
        except ValidationError:
            log.warning("a log batch can't be read", extra={"subject": message.subject})
            return None
        missing = self._seen.take(batch)
        if missing is None:
            return None
        torn, self._torn = self._torn, False
        return Read(batch, missing, self._stream, sequence, torn)
