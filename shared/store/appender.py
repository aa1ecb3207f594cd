"""Group commit: what arrives while a batch commits goes into the next one."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Final

from shared.errors import Unavailable
from shared.store.batch import Prepared
from shared.store.lane import Lane, Outcome, Pending
from shared.store.model import PgPool

log = logging.getLogger(__name__)

MOST_WAITING: Final = 2000
_MOST_EVENTS: Final = 256
_MOST_CHARACTERS: Final = 4_000_000
_SWEEP_S: Final = 0.1
_LINGER_S: Final = 0.02

_LEAST_HALF: Final = 32
_QUICK_S: Final = 0.0001  # an entry: about what this process takes to prepare another


@dataclass(slots=True, eq=False)
class _Runner:
    """Takes batches while at least `least` entries wait; it has a lane while it runs."""

    least: int
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    lane: Lane | None = None


class Appender:
    """Sends entries to append_events() in batches; one a process.

    Batches go one by one. Only while many entries wait and Postgres is quick, there are two at a time, half of the
    entries each: the second then waits for the lock in Postgres, so that Postgres does not wait for this process.
    """

    def __init__(self, pool: PgPool, *, committed: Callable[[int], None]) -> None:
        """Have `committed` called with the new last position after each batch of which something was stored."""
        self._pool = pool
        self._committed = committed
        self._last = 0
        self._waiting: deque[Pending] = deque()
        self._first = _Runner(least=1)
        self._second = _Runner(least=_LEAST_HALF)
        self._tasks: set[asyncio.Task[None]] = set()
        self._quick = False

    async def append(self, prepared: Prepared, *, timeout_s: float) -> Outcome:
        """Return what became of an entry.

        Raises Unavailable when nothing was stored, OutcomeUnknown when that can't be told, Invalid when Postgres can't
        hold it.
        """
        if len(self._waiting) >= MOST_WAITING:
            raise Unavailable("too many entries wait to be appended")
        loop = asyncio.get_running_loop()
        pending = Pending(prepared, loop.create_future(), loop.time() + timeout_s)
        self._waiting.append(pending)
        self._wake(self._first)
        if self._enough(self._second):
            self._wake(self._second)
        return await pending.future

    async def drain(self) -> None:
        """Wait until nothing is being appended and the connections are given back."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _wake(self, runner: _Runner) -> None:
        runner.arrived.set()
        if runner.lane is None:
            runner.lane = Lane(self._pool, committed=self._stored)
            task = asyncio.create_task(self._run(runner, runner.lane), name="appender")
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    async def _run(self, runner: _Runner, lane: Lane) -> None:
        sweeper = asyncio.create_task(self._sweep(lane), name="appender deadlines")
        try:
            while batch := await self._next_batch(runner):
                await lane.settle(batch)
                at_once = sum(1 for each in (self._first, self._second) if each.lane and each.lane.load) + 1
                self._quick = lane.called_s / at_once < _QUICK_S
        finally:
            runner.lane = None  # who comes now starts another
            sweeper.cancel()
            if runner is self._first:
                for pending in self._waiting:
                    pending.fail(Unavailable("the appender was stopped"))
            await lane.close()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("the appender broke; the next entry starts it afresh", exc_info=error)

    async def _next_batch(self, runner: _Runner) -> list[Pending]:
        await asyncio.sleep(0)  # those just answered may bring their next
        if not self._enough(runner):
            runner.arrived.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LINGER_S):
                    await runner.arrived.wait()
        # Looks again: somebody may have come as the time ran out.
        return self._take_batch() if self._enough(runner) else []

    def _enough(self, runner: _Runner) -> bool:
        return len(self._waiting) >= runner.least and (self._quick or runner is self._first)

    def _take_batch(self) -> list[Pending]:
        """Take from the front what has no key in common; what has stays in front for the next batch."""
        batch: list[Pending] = []
        later: list[Pending] = []
        exclusive: set[Hashable] = set()
        shared: set[Hashable] = set()
        events, characters, most = 0, 0, self._most_events()
        while self._waiting and events < most and characters < _MOST_CHARACTERS:
            pending = self._waiting.popleft()
            if pending.future.done():
                continue
            keys = pending.prepared
            if (
                exclusive.isdisjoint(keys.exclusive)
                and exclusive.isdisjoint(keys.shared)
                and shared.isdisjoint(keys.exclusive)
            ):
                batch.append(pending)
                events += max(1, len(keys.lines))
                characters += keys.characters
            else:
                later.append(pending)
            exclusive.update(keys.exclusive)
            shared.update(keys.shared)
        self._waiting.extendleft(reversed(later))
        return batch

    def _most_events(self) -> int:
        total = len(self._waiting) + sum(each.lane.load for each in (self._first, self._second) if each.lane)
        half = (total + 1) // 2
        return half if self._quick and _LEAST_HALF <= half < _MOST_EVENTS else _MOST_EVENTS

    async def _sweep(self, lane: Lane) -> None:
        """Answer those whose deadline has passed."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_SWEEP_S)
            now = loop.time()
            lane.expire(now)
            for pending in self._waiting:
                if pending.deadline <= now:
                    pending.fail(Unavailable("the entry waited too long to be appended"))

    def _stored(self, position: int) -> None:
        if position > self._last:  # of two batches at a time, the later one may be heard of first
            self._last = position
            self._committed(position)
