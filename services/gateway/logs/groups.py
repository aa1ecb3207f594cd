"""Viewers who want the same lines at the same beat: what they are shown is made once, for all of them."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from services.gateway.events import SharedEvent
from services.gateway.logs.cursor import OLDEST
from services.gateway.logs.lines import DROPPED, Line, dropped_line, iso_time, line_of
from services.gateway.logs.permit import Permit
from services.gateway.logs.reader import Read, Reader
from services.gateway.logs.tail import Tail
from services.gateway.logs.wanted import Wanted
from services.gateway.metrics import LOG_DROPPED, LOG_GROUPS
from shared.errors import AerodromeError
from shared.ids import new_id

FULL_LINES: Final = 1_000
FULL_BYTES: Final = 512 * 1024
"""Lines or bytes that fill a burst before its time."""

MOST_LINES: Final = 5_000
MOST_BYTES: Final = 4 * 1024 * 1024
"""What may wait for one viewer; of more the oldest is dropped."""

FAREWELL: Final = "the lines end here: "


@dataclass(frozen=True, slots=True, eq=False)
class Burst:
    """What a viewer is shown at one beat: the events, and what tells whether another may be shown the same."""

    events: Sequence[SharedEvent]
    lines: int
    size: int
    last: Line
    reads: Sequence[Read] = ()
    oldest: datetime = OLDEST


def burst_of(reads: Sequence[Read], wanted: Wanted) -> Burst | None:
    """Return what a viewer is shown of these batches, None where that is nothing."""
    lines = [line for read in reads if wanted.takes(read.batch) for line in _lines(read, wanted)]
    if not lines:
        return None
    ordered = sorted((line for _, line in lines), key=lambda line: line.timestamp)
    return Burst(
        events=_events(ordered, wanted),
        lines=len(ordered),
        size=sum(len(line.message) for line in ordered),
        last=ordered[-1],
        reads=reads,
        oldest=min(at for at, _ in lines),
    )


def _events(lines: Sequence[Line], wanted: Wanted) -> Sequence[SharedEvent]:
    return [SharedEvent(line) for line in lines] if wanted.one_by_one else [SharedEvent(lines)]


def farewell_event(wanted: Wanted, why: str, *, shown: Sequence[SharedEvent]) -> SharedEvent:
    """Return the event that tells a viewer why there are no more lines.

    Its time is that of the last line in `shown`: a client that comes back with it misses none that came since.
    """
    at = _lines_in(shown[-1], wanted)[-1].timestamp if shown else iso_time(wanted.since)
    id_, told = f"{wanted.deployment_id}/{new_id()}", f"{FAREWELL}{why}"
    return _events([Line(id_, at, wanted.release, wanted.of_component, DROPPED, told)], wanted)[0]


def _lines_in(event: SharedEvent, wanted: Wanted) -> Sequence[Line]:
    return [event.value] if wanted.one_by_one else event.value


def _lines(read: Read, wanted: Wanted) -> Iterable[tuple[datetime, Line]]:
    batch = read.batch
    shown = [record for record in batch.records if wanted.shows(record.message, record.timestamp)]
    newest = max((record.timestamp for record in batch.records), default=wanted.since)
    if read.missing and newest > wanted.since:
        yield newest, dropped_line(batch, read.missing, wanted.release)
    for record in shown:
        yield record.timestamp, line_of(record, batch, wanted.release)


class Group:
    """The live viewers of one tail with the same component, search and beat."""

    def __init__(self, tail: Tail, wanted: Wanted) -> None:
        self._tail = tail
        self._wanted = wanted
        self._viewers: dict[Viewer, None] = {}
        self._waiting: list[Read] = []
        self._lines = self._bytes = 0
        self._began = asyncio.get_running_loop().time()
        self._beat: asyncio.TimerHandle | None = None
        tail.join(self)
        LOG_GROUPS.inc()

    def join(self, viewer: "Viewer") -> list[Read]:
        """Show further bursts to a viewer; return the batches that are on their way to it by then."""
        self._viewers[viewer] = None
        return self._waiting

    def leave(self, viewer: "Viewer") -> bool:
        """Show it no more; say whether it was the last, and the group is gone."""
        self._viewers.pop(viewer, None)
        if self._viewers:
            return False
        self._tail.leave(self)
        if self._beat is not None:
            self._beat.cancel()
        LOG_GROUPS.dec()
        return True

    def take(self, read: Read) -> None:
        """Take a batch of the tail, for the next beat."""
        if not self._wanted.takes(read.batch):
            return
        self._waiting.append(read)
        self._lines += len(read.batch.records)
        self._bytes += read.size
        if self._lines >= FULL_LINES or self._bytes >= FULL_BYTES:
            self._show()
        elif self._beat is None:
            loop, every_s = asyncio.get_running_loop(), self._wanted.interval_s
            beats = (loop.time() - self._began) // every_s + 1
            self._beat = loop.call_at(self._began + beats * every_s, self._show)

    def end(self, error: AerodromeError) -> None:
        """Have every viewer end."""
        for viewer in list(self._viewers):
            viewer.end(error)

    def _show(self) -> None:
        if self._beat is not None:
            self._beat.cancel()
            self._beat = None
        reads, self._waiting = self._waiting, []
        self._lines = self._bytes = 0
        burst = burst_of(reads, self._wanted)
        if burst is not None:
            for viewer in self._viewers:
                viewer.offer(burst)


class Viewer:
    """One who is shown the bursts of a group, as long as a permit of its own is open; what waits for it is bounded."""

    def __init__(self, wanted: Wanted, permit: Permit) -> None:
        self._wanted = wanted
        self._permit = permit
        self._bursts: deque[Burst] = deque()
        self._lines = self._bytes = self._dropped = 0
        self._last: Line | None = None
        self._had: set[str] = set()
        self._error: AerodromeError | None = None
        self._waits: asyncio.Future[None] | None = None

    @contextmanager
    def joined(self, tail: Tail, reader: Reader | None = None) -> Generator[None]:
        """Go on with a tail, behind what a reader has read or from `since` on, while the block runs."""
        key = replace(self._wanted, since=OLDEST, component=self._wanted.of_component)
        group: Group | None = tail.shared.get(key)
        if group is None:
            group = tail.shared[key] = Group(tail, key)
        waiting = group.join(self)
        self._permit.tell(self._wake)
        try:
            self._catch_up(tail, reader, waiting)
            yield
        finally:
            self._permit.untell(self._wake)
            if group.leave(self):
                del tail.shared[key]

    async def bursts(self) -> AsyncGenerator[Burst]:
        """Yield what is to be shown, as it comes; raises what forbids it."""
        while True:
            if (error := self._error or self._permit.error) is not None:
                raise error.with_traceback(None)  # it is raised for many
            if self._bursts and self._permit.open:
                yield self._pop()
            else:
                self._waits = asyncio.get_running_loop().create_future()
                await self._waits

    def offer(self, burst: Burst) -> None:
        """Take a burst of the group; one with lines that are not for this viewer is made anew for it."""
        if self._had or burst.oldest <= self._wanted.since:
            own = burst_of([read for read in burst.reads if not self._has_had(read)], self._wanted)
            if own is None:
                return
            burst = own
        self._put(burst)

    def end(self, error: AerodromeError) -> None:
        """Show nothing more."""
        self._error = error
        self._wake()

    def _catch_up(self, tail: Tail, reader: Reader | None, waiting: Sequence[Read]) -> None:
        """Take what the tail has kept and the group has shown; note what of the group's is known already."""
        kept = tail.kept()
        if reader is not None:
            kept = [read for read in kept if read.place >= reader.place]
            self._had = tail.ahead(reader) | {r.batch.message_id() for r in waiting if r.place < reader.place}
        coming = {id(read) for read in waiting}
        first = burst_of([read for read in kept if id(read) not in coming], self._wanted)
        if first is not None:
            self._put(first)

    def _has_had(self, read: Read) -> bool:
        known = read.batch.message_id()
        if known not in self._had:
            return False
        self._had.discard(known)
        return True

    def _put(self, burst: Burst) -> None:
        self._bursts.append(burst)
        self._lines += burst.lines
        self._bytes += burst.size
        while (self._lines > MOST_LINES or self._bytes > MOST_BYTES) and len(self._bursts) > 1:
            oldest = self._take()
            self._dropped += oldest.lines
            self._last = oldest.last
            LOG_DROPPED.inc(oldest.lines)
        self._wake()

    def _pop(self) -> Burst:
        """Return the next burst, or first what tells how many lines were dropped before it."""
        if self._last is None:
            return self._take()
        at = self._last
        told = replace(at, id=f"{at.id}/dropped", level=DROPPED, message=f"{self._dropped} lines dropped")
        self._dropped, self._last = 0, None
        return Burst(_events([told], self._wanted), 1, 0, told)

    def _take(self) -> Burst:
        burst = self._bursts.popleft()
        self._lines -= burst.lines
        self._bytes -= burst.size
        return burst

    def _wake(self) -> None:
        if self._waits is not None and not self._waits.done():
            self._waits.set_result(None)
