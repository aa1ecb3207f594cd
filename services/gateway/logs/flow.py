"""Follows the lines of one deployment in the order of their stream, each with a cursor to go on from."""

import asyncio
import time
from asyncio import sleep
from collections import deque
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Final, Self

from services.gateway.logs.cursor import Cursor
from services.gateway.logs.lines import Line, dropped_line, line_of
from services.gateway.logs.permit import Permit
from services.gateway.logs.reader import Read, Reader, reading
from services.gateway.logs.tail import LISTEN_S, PAUSE_S, Tail, Tails
from services.gateway.logs.wanted import Wanted
from shared.bus.client import Bus
from shared.errors import AerodromeError, Unavailable

GIVE_UP_S: Final = 10.0
"""How long one who wants no more than what is there waits for NATS."""

MOST_LINES: Final = 5_000
MOST_BYTES: Final = 4 * 1024 * 1024
"""What may wait for one viewer; one who is further behind goes on in JetStream."""


@dataclass(frozen=True, slots=True)
class Step:
    """Lines of one batch, each with the cursor behind it; `cursor` is behind all that was read so far."""

    lines: Sequence[tuple[Line, Cursor]]
    cursor: Cursor


async def flow(
    bus: Bus, tails: Tails, wanted: Wanted, start: Cursor, permit: Permit, *, live: bool
) -> AsyncGenerator[Step]:
    """Yield what comes behind `start`, an empty step each 0.5 s where nothing does; without `live` what is there.

    A slow viewer takes no more memory than a quick one: what it has not been shown waits in JetStream. Raises what the
    permit is refused with, but shows nothing while that is not known; without `live` Unavailable after 10 s without
    NATS.
    """
    if not live:
        async with reading(bus, wanted, start) as reader, aclosing(_past(reader, wanted, start, permit)) as steps:
            async for step in steps:
                yield step
        return
    cursor = start
    async with tails.tail(bus, wanted.deployment_id) as tail:
        while True:
            async with aclosing(_followed(bus, tail, wanted, cursor, permit)) as steps:
                async for step in steps:
                    cursor = step.cursor
                    yield step


async def _followed(bus: Bus, tail: Tail, wanted: Wanted, start: Cursor, permit: Permit) -> AsyncGenerator[Step]:
    """Yield what is there and then what comes, until too much waits for the viewer."""
    cursor = start
    if not start.sequence and tail.reaches(start.since):
        with _Present(tail).joined(permit) as present:
            async with aclosing(present.steps(wanted, cursor, permit)) as steps:
                async for step in steps:
                    yield step
        return
    async with reading(bus, wanted, start) as reader:
        async with aclosing(_past(reader, wanted, start, permit, tail)) as steps:
            async for step in steps:
                cursor = step.cursor
                yield step
        # Nothing may be waited for in between: the tail keeps what comes behind the reader but for a while.
        with _Present(tail, reader).joined(permit) as present:
            await reader.close()
            async with aclosing(present.steps(wanted, cursor, permit)) as steps:
                async for step in steps:
                    yield step


async def _past(
    reader: Reader, wanted: Wanted, start: Cursor, permit: Permit, tail: Tail | None = None
) -> AsyncGenerator[Step]:
    """Yield what was there when a reader began or, with a tail, all that comes before it."""
    cursor, heard_at = start, time.monotonic()
    while not (tail.continues(reader) if tail else reader.caught_up):
        reads = await _read(reader)
        for read in reads:
            await permit.opened()
            step = _step(read, wanted, start)
            cursor = step.cursor
            yield step
        if reads:
            heard_at = time.monotonic()
        elif tail is None and time.monotonic() - heard_at > GIVE_UP_S:
            raise Unavailable("the logs can't be read")
        await permit.opened()
        yield Step((), cursor)


async def _read(reader: Reader) -> Sequence[Read]:
    try:
        return await reader.read(wait_s=LISTEN_S)
    except Unavailable:
        await sleep(PAUSE_S)
        return ()


class _Present:
    """What a tail hands to one viewer; it is over when too much waits."""

    def __init__(self, tail: Tail, reader: Reader | None = None) -> None:
        self._tail = tail
        self._waiting: deque[Read] = deque()
        self._lines = self._bytes = 0
        self._is_over = False
        self._had: set[str] = set()
        self._error: AerodromeError | None = None
        self._woken = asyncio.Event()
        if reader is not None:
            self._had = tail.ahead(reader)
        for read in tail.kept():
            if reader is None or read.place >= reader.place:
                self.take(read)

    @contextmanager
    def joined(self, permit: Permit) -> Generator[Self]:
        """Listen to the tail, and heed a permit, while the block runs."""
        self._tail.join(self)
        permit.tell(self._woken.set)
        try:
            yield self
        finally:
            permit.untell(self._woken.set)
            self._tail.leave(self)

    def take(self, read: Read) -> None:
        """Take the next batch of the tail."""
        known = read.batch.message_id()
        if known in self._had:
            self._had.discard(known)
            return
        self._waiting.append(read)
        self._lines += len(read.batch.records)
        self._bytes += read.size
        if self._lines > MOST_LINES or self._bytes > MOST_BYTES:
            self._is_over = True
            self._waiting.clear()
        self._woken.set()

    def end(self, error: AerodromeError) -> None:
        """Hear that no more will come."""
        self._error = error
        self._woken.set()

    async def steps(self, wanted: Wanted, cursor: Cursor, permit: Permit) -> AsyncGenerator[Step]:
        """Yield the steps until it is over; raises what forbids it."""
        start = cursor
        while not self._is_over:
            if self._error is not None:
                raise self._error.with_traceback(None)
            await permit.opened()
            if self._waiting:
                read = self._waiting.popleft()
                self._lines -= len(read.batch.records)
                self._bytes -= read.size
                step = _step(read, wanted, start)
                cursor = step.cursor
                yield step
                continue
            yield Step((), cursor)
            await self._wait()

    async def _wait(self) -> None:
        self._woken.clear()
        if self._waiting or self._is_over:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(LISTEN_S):
                await self._woken.wait()


def _step(read: Read, wanted: Wanted, start: Cursor) -> Step:
    batch = read.batch
    before = replace(start, stream=read.stream, sequence=read.sequence, seen=0)
    behind = replace(before, seen=len(batch.records))
    if not wanted.takes(batch):
        return Step((), behind)
    seen = start.seen if read.place == (start.stream, start.sequence) else 0
    lines: list[tuple[Line, Cursor]] = []
    newest = max((record.timestamp for record in batch.records), default=start.since)
    if read.torn or (read.missing and newest > start.since):
        lines.append((dropped_line(batch, read.missing, wanted.release), before))
    for place, record in enumerate(batch.records[seen:], start=seen + 1):
        if wanted.shows(record.message, record.timestamp):
            lines.append((line_of(record, batch, wanted.release), replace(before, seen=place)))
    return Step(lines, replace(behind, seen=max(seen, len(batch.records))))
