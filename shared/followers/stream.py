"""The JetStream stream of a service: made, looked at, emptied, and appended to at a known end."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from nats.js import JetStreamContext
from nats.js.api import PubAck, StorageType, StreamConfig, StreamInfo
from nats.js.errors import NotFoundError

from shared.bus.kernel import PublishedEvent
from shared.errors import Unavailable
from shared.followers.published import place_of, stream_name, subjects, to_message
from shared.followers.settings import StreamLimits
from shared.followers.wire import StreamWire
from shared.ids import new_message_id

log = logging.getLogger(__name__)

_PATIENCE_S: Final = 2.0
_MOST_BYTES: Final = 900_000  # of an event's data; NATS takes 1 MiB with headers
_EXPECTED: Final = "Nats-Expected-Last-Sequence"


@dataclass(frozen=True, slots=True)
class End:
    """The end of the stream: its last sequence number, and what is written there; `place` None: it holds nothing."""

    sequence: int
    place: tuple[UUID, int] | None


class EventStream:
    """The one stream of a service; only its publisher writes to it."""

    def __init__(self, service: str, wire: StreamWire, limits: StreamLimits) -> None:
        self._service = service
        self._name = stream_name(service)
        self._wire = wire
        self._limits = limits
        self._salt = ""

    async def end(self) -> End:
        """Return the end of the stream; makes the stream where there is none."""
        info = await self._ensure()
        return End(info.state.last_seq, await self._last() if info.state.messages else None)

    async def stands_at(self, end: End) -> bool:
        """Say whether the stream still ends at `end`, as far as its numbers tell."""
        info = await self._info()
        if info is None:
            return False
        return info.state.last_seq == end.sequence and (info.state.messages > 0 or end.place is None)

    async def purge(self) -> None:
        """Empty the stream."""
        async with asyncio.timeout(_PATIENCE_S):
            await self._wire.jetstream().purge_stream(self._name)
        self._renew_salt()

    async def append(self, end: End, events: Sequence[PublishedEvent]) -> End:
        """Write `events` behind `end`; raises when the stream ends elsewhere, because another publisher was there."""
        js = self._wire.jetstream()
        fit = [event for event in events if self._fits(event)]
        # Each request is written before the next one starts, so they stand on the wire in this order.
        sent = (self._send(js, event, end.sequence + n) for n, event in enumerate(fit))
        for n, ack in enumerate(await asyncio.gather(*sent, return_exceptions=True), end.sequence + 1):
            self._check(ack, n)
        return End(end.sequence + len(fit), (events[-1].epoch, events[-1].position))

    async def _send(self, js: JetStreamContext, event: PublishedEvent, last: int) -> PubAck:
        subject, data, headers = to_message(self._service, event, salt=self._salt)
        headers[_EXPECTED] = str(last)
        return await js.publish(subject, data, timeout=_PATIENCE_S, headers=headers)

    def _check(self, ack: PubAck | BaseException, sequence: int) -> None:
        if isinstance(ack, BaseException):
            raise ack
        if ack.seq != sequence:
            # The stream was emptied and remembers the id all the same: send it under another one.
            self._renew_salt()
            raise Unavailable(f"the stream {self._name} took message {sequence} for {ack.seq}")

    def _fits(self, event: PublishedEvent) -> bool:
        if len(event.data.encode()) <= _MOST_BYTES:
            return True
        # Consumers find the gap and ask for it.
        log.error("event too large for nats", extra={"stream": event.stream, "position": event.position})
        return False

    def _renew_salt(self) -> None:
        self._salt = f"/{new_message_id()}"

    async def _last(self) -> tuple[UUID, int] | None:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                message = await self._wire.jetstream().get_last_msg(self._name, subjects(self._service))
        except NotFoundError:
            return None
        return place_of(message)

    async def _info(self) -> StreamInfo | None:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await self._wire.jetstream().stream_info(self._name)
        except NotFoundError:
            return None

    async def _ensure(self) -> StreamInfo:
        wanted = self._config()
        info = await self._info()
        if info is None:
            return await self._wire.jetstream().add_stream(wanted)
        had = info.config
        if (had.subjects, had.max_age, had.max_bytes, had.duplicate_window, had.num_replicas) != (
            wanted.subjects,
            wanted.max_age,
            wanted.max_bytes,
            wanted.duplicate_window,
            wanted.num_replicas,
        ):
            return await self._wire.jetstream().update_stream(wanted)
        return info

    def _config(self) -> StreamConfig:
        return StreamConfig(
            name=self._name,
            description="A cache of the service's events; safe to delete.",
            subjects=[subjects(self._service)],
            storage=StorageType.FILE,
            max_age=self._limits.age.total_seconds(),
            max_bytes=self._limits.most_bytes,
            duplicate_window=self._limits.duplicate_window.total_seconds(),
            num_replicas=self._limits.replicas,
            allow_direct=True,
        )
