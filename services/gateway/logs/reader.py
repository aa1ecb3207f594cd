"""Reads one deployment's batches from JetStream, from a moment on, through whatever happens to NATS."""

import asyncio
import json
import logging
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import nats.errors
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from pydantic import ValidationError

from services.deployments.contract import LOGS_STREAM, LogBatch, logs_filter
from services.gateway.logs.cursor import OLDEST, Cursor, microseconds
from services.gateway.logs.wanted import Wanted
from services.gateway.metrics import LOG_REPLAYS
from shared.bus.client import Bus
from shared.errors import Unavailable
from shared.ids import new_id

log: Final = logging.getLogger(__name__)

MOST_MESSAGES: Final = 64
"""Batches that are asked for at a time: at most 4 MiB."""

ASKED_S: Final = 1.0
"""How long JetStream waits for batches to answer with; who hears no end of that asks again."""

LATE_S: Final = 0.5

IDLE_S: Final = 90.0
"""How long JetStream keeps the consumer of a reader that does not ask."""

CLOSE_S: Final = 1.0

SKEW: Final = timedelta(seconds=5)
"""How far a component's clock may be ahead of the server's."""

REMEMBERED: Final = 1_000

_ENDED: Final = frozenset({"404", "408"})
"""What JetStream says when it waits no longer. Source: ADR-13 of NATS."""


@dataclass(frozen=True, slots=True)
class Read:
    """A batch with its place, and how many batches before it are gone for good; `torn`: nobody knows how many.

    `kept_at` is when JetStream took it, `size` its bytes there.
    """

    batch: LogBatch
    missing: int
    stream: int
    sequence: int
    kept_at: datetime
    size: int
    torn: bool = False

    @property
    def place(self) -> tuple[int, int]:
        """Return what rises from batch to batch, also where the stream is made anew."""
        return self.stream, self.sequence


@dataclass(slots=True)
class _Seen:
    """Which batches a reader had, so that a repeat is left out and a gap is told."""

    recent: OrderedDict[str, datetime] = field(default_factory=OrderedDict[str, datetime])
    last: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])

    def take(self, batch: LogBatch, kept_at: datetime) -> int | None:
        """Return how many batches are missing before this one, None where it was had before."""
        known = batch.message_id()
        if known in self.recent:
            return None
        self.recent[known] = kept_at
        if len(self.recent) > REMEMBERED:
            self.recent.popitem(last=False)
        source = (batch.component, batch.incarnation)
        before = self.last.get(source, batch.batch - 1)
        self.last[source] = max(before, batch.batch)
        if len(self.last) > REMEMBERED:
            self.last.pop(next(iter(self.last)))
        return max(0, batch.batch - before - 1)


class Reader:
    """A place in the batches of one deployment; it finds its place again after any failure.

    It begins with the message of `start`, which its viewer may not have seen whole, or with the time of it. It returns
    the batches of `component`, but passes all of them, so that its place can be compared with another reader's.
    """

    def __init__(self, bus: Bus, deployment_id: str, start: Cursor, *, component: str = "") -> None:
        self._bus = bus
        self._subject = logs_filter(deployment_id)
        self._component = component
        self._since = max(start.since, OLDEST) - SKEW
        self._stream = start.stream
        self._next = start.sequence
        self._resumes = start.sequence > 0
        self._torn = False
        self._pending: int | None = None
        self._head: int | None = None
        self._seen = _Seen()
        self._consumer = ""
        self._subscription: Subscription | None = None
        self._messages_here: list[Msg] = []
        self._came = asyncio.Event()
        self._connected_by = (0, 0)
        self._delivered = 0
        self._asked = 0
        self._asked_at = 0.0

    @property
    def caught_up(self) -> bool:
        """Say whether everything was read that was there when reading began."""
        return self._pending == 0 or (self._head is not None and self._next > self._head)

    @property
    def place(self) -> tuple[int, int]:
        """Return the place behind all that was read: what comes has none before it."""
        return self._stream, self._next

    def seen_since(self, moment: datetime) -> set[str]:
        """Return the ids of the batches that were read and that JetStream took at this moment or later."""
        return {known for known, kept_at in self._seen.recent.items() if kept_at >= moment}

    async def read(self, *, wait_s: float) -> list[Read]:
        """Return the next batches, waiting at most `wait_s` for the first; raises Unavailable if NATS is away."""
        deadline = asyncio.get_running_loop().time() + wait_s
        try:
            if self._subscription is None:
                self._subscription = await self._subscribe()
            messages = await self._messages(self._subscription, deadline)
        except (nats.errors.Error, OSError) as error:
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
        except (nats.errors.Error, OSError, TimeoutError):
            log.debug("a consumer is left to its time limit", extra={"consumer": self._consumer})

    async def _messages(self, subscription: Subscription, deadline: float) -> list[Msg]:
        """Return what has come, as soon as something has.

        The client's own fetch waits, once a first message has come, until it has as many as it asked for or its time is
        up: a live line would be late by that. Before Python 3.12 it also loses a cancellation now and then.
        """
        if self._connection() != self._connected_by:
            raise nats.errors.Error("what was sent meanwhile may be lost")
        await self._ask(subscription)
        found: list[Msg] = []
        with suppress(TimeoutError):  # nothing new
            async with asyncio.timeout_at(deadline):
                while not found:
                    self._came.clear()
                    found = [message for message in self._taken() if self._is_batch(message)]
                    if not found:
                        await self._ask(subscription)
                        await self._came.wait()
        return found

    def _connection(self) -> tuple[int, int]:
        """Return what is another after each loss of the connection; JetStream repeats nothing by itself."""
        client = self._bus.stream(LOGS_STREAM).client
        return id(client), client.stats["reconnects"]

    def _taken(self) -> list[Msg]:
        messages, self._messages_here = self._messages_here, []
        return messages

    async def _hear(self, message: Msg) -> None:
        self._messages_here.append(message)
        self._came.set()

    async def _ask(self, subscription: Subscription) -> None:
        """Have JetStream send batches as they come, unless it is about to."""
        if self._asked > 0 and time.monotonic() - self._asked_at < ASKED_S + LATE_S:
            return
        self._asked, self._asked_at = MOST_MESSAGES, time.monotonic()
        wish = json.dumps({"batch": MOST_MESSAGES, "expires": int(ASKED_S * 1e9)})
        next_of = f"$JS.API.CONSUMER.MSG.NEXT.{LOGS_STREAM}.{self._consumer}"
        await self._bus.stream(LOGS_STREAM).client.publish(next_of, wish.encode(), reply=subscription.subject)

    def _is_batch(self, message: Msg) -> bool:
        """Say whether a message is a batch, not a word of JetStream on our wish; raises where the consumer is gone."""
        status = (message.headers or {}).get("Status", "")
        if not status:
            self._asked -= 1
            self._delivered += 1
            if message.metadata.sequence.consumer != self._delivered:
                raise nats.errors.Error("a message of JetStream is lost")
            return True
        if status not in _ENDED:
            raise nats.errors.Error(f"JetStream says {status}")
        self._asked = 0
        return False

    async def _subscribe(self) -> Subscription:
        connection = self._bus.stream(LOGS_STREAM)
        jetstream = connection.jetstream()
        self._connected_by = self._connection()
        self._consumer = f"gateway-{new_id()}"
        config = await self._start(jetstream)
        made = await jetstream.add_consumer(LOGS_STREAM, config, name=self._consumer, filter_subject=self._subject)
        self._pending, self._asked = made.num_pending, 0
        if self._pending == 0 and self._head is not None and self._head >= self._next:
            self._next, self._resumes = self._head + 1, False
        self._messages_here, self._delivered = [], 0
        return await connection.client.subscribe(connection.new_inbox(), cb=self._hear)

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
        sequence, kept_at = about.sequence.stream, about.timestamp.astimezone(UTC)
        self._next = max(self._next, sequence + 1)
        self._since = max(self._since, kept_at - SKEW)
        self._pending = about.num_pending
        self._resumes = False
        if self._component and not message.subject.endswith(f".{self._component}"):
            return None
        try:
            batch = LogBatch.model_validate_json(message.data)
        except ValidationError:
            log.warning("a log batch can't be read", extra={"subject": message.subject})
            return None
        missing = self._seen.take(batch, kept_at)
        if missing is None:
            return None
        torn, self._torn = self._torn, False
        return Read(batch, missing, self._stream, sequence, kept_at, len(message.data), torn)


@asynccontextmanager
async def reading(bus: Bus, wanted: Wanted, start: Cursor) -> AsyncGenerator[Reader]:
    """Give a reader of what one viewer wants while the block runs."""
    reader = Reader(bus, wanted.deployment_id, start, component=wanted.of_component)
    LOG_REPLAYS.inc()
    try:
        yield reader
    finally:
        await reader.close()
