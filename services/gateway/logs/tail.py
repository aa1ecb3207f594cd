"""The tails of this process: one read of a deployment's live batches for all who watch it."""

import asyncio
import logging
from asyncio import sleep
from collections import deque
from collections.abc import AsyncGenerator, Hashable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from services.gateway.logs.cursor import Cursor
from services.gateway.logs.reader import SKEW, Read, Reader
from services.gateway.metrics import LOG_TAILS
from shared.bus.client import Bus
from shared.clock import utc_now
from shared.errors import AerodromeError, Internal, Unavailable
from shared.runtime.background import end_tasks

log: Final = logging.getLogger(__name__)

OVERLAP: Final = timedelta(seconds=10)
"""A tail begins so long before its first viewer: those who come next and want what is new find it here."""

FAILED: Final = "the lines can't be followed"

LISTEN_S: Final = 0.5
PAUSE_S: Final = 0.25

MOST_LINES: Final = 2_000
MOST_BYTES: Final = 2 * 1024 * 1024
"""What a tail keeps for viewers who come, in all; one batch is kept in any case."""


class Listener(Protocol):
    """Somebody whom a tail hands its batches to; neither may wait."""

    def take(self, read: Read) -> None:
        """Take the next batch."""
        ...

    def end(self, error: AerodromeError) -> None:
        """Hear that no more will come, and why."""
        ...


class Tail:
    """The latest batches of one deployment, from `OVERLAP` before its beginning on, and who is told of further ones.

    Its reader finds its place again after any failure, so that listeners need not know of one.
    """

    def __init__(self, bus: Bus, deployment_id: str) -> None:
        began = utc_now() - OVERLAP
        self.shared: dict[Hashable, Any] = {}
        """What listeners have in common, by what they want; they put it here and take it away."""
        self._reader = Reader(bus, deployment_id, Cursor(began))
        self._whole_from = began
        self._let_go = (0, 0)
        self._kept: deque[Read] = deque()
        self._lines = self._bytes = 0
        self._ready = False
        self._listeners: dict[Listener, None] = {}
        self._task = asyncio.create_task(self._run(), name="log tail")
        self._task.add_done_callback(self._ended)
        LOG_TAILS.inc()

    async def close(self) -> None:
        """Read no more, and give the consumer back."""
        await end_tasks([self._task])
        await self._reader.close()
        LOG_TAILS.dec()

    def reaches(self, since: datetime) -> bool:
        """Say whether all lines after a moment are among those that are kept, or are still to come."""
        return since >= self._whole_from

    def continues(self, reader: Reader) -> bool:
        """Say whether all that comes behind what a reader has read is kept here, or still to come."""
        return self._ready and reader.caught_up and self._let_go < reader.place

    def kept(self) -> list[Read]:
        """Return the batches that are kept, oldest first."""
        return list(self._kept)

    def ahead(self, reader: Reader) -> set[str]:
        """Return the ids of batches that a reader has read and that are still to come here."""
        newest = self._kept[-1].kept_at if self._kept else self._whole_from - SKEW
        return reader.seen_since(newest) - {read.batch.message_id() for read in self._kept}

    def join(self, listener: Listener) -> None:
        """Hand all further batches to a listener; raises Internal where there will be none."""
        if self._task.done():
            raise Internal(FAILED)
        self._listeners[listener] = None

    def leave(self, listener: Listener) -> None:
        """Hand it no more."""
        self._listeners.pop(listener, None)

    async def _run(self) -> None:
        while True:
            try:
                reads = await self._reader.read(wait_s=LISTEN_S)
            except Unavailable:
                await sleep(PAUSE_S)
                continue
            for read in reads:
                self._take(read)
            self._ready = self._ready or self._reader.caught_up

    def _take(self, read: Read) -> None:
        self._kept.append(read)
        self._lines += len(read.batch.records)
        self._bytes += read.size
        while (self._lines > MOST_LINES or self._bytes > MOST_BYTES) and len(self._kept) > 1:
            oldest = self._kept.popleft()
            self._lines -= len(oldest.batch.records)
            self._bytes -= oldest.size
            self._let_go = max(self._let_go, oldest.place)
            self._whole_from = max(self._whole_from, oldest.kept_at + SKEW)
        for listener in list(self._listeners):
            listener.take(read)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if task.cancelled() or (error := task.exception()) is None:
            return
        log.error("a tail of log lines failed", exc_info=error)
        for listener in list(self._listeners):
            listener.end(Internal(FAILED))


class Tails:
    """The tails of one process, each there from its first viewer to its last."""

    def __init__(self) -> None:
        self._tails: dict[str, Tail] = {}
        self._viewers: dict[str, int] = {}
        self._closing: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def tail(self, bus: Bus, deployment_id: str) -> AsyncGenerator[Tail]:
        """Give the tail of a deployment while the block runs."""
        tail = self._tails.get(deployment_id)
        if tail is None:
            tail = self._tails[deployment_id] = Tail(bus, deployment_id)
        self._viewers[deployment_id] = self._viewers.get(deployment_id, 0) + 1
        try:
            yield tail
        finally:
            self._viewers[deployment_id] -= 1
            if not self._viewers[deployment_id]:
                del self._tails[deployment_id], self._viewers[deployment_id]
                self._close(tail)

    async def close(self) -> None:
        """Return when the tails that nobody watches any more are closed."""
        await asyncio.gather(*self._closing)

    def _close(self, tail: Tail) -> None:
        """Close a tail in a task of its own: a viewer who leaves does not wait, and may be cancelled."""
        task = asyncio.create_task(tail.close(), name="log tail closing")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
