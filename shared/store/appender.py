"""Group commit: what arrives while a batch commits goes into the next one."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import asyncpg

from shared.errors import AerodromeError, Internal, Invalid, OutcomeUnknown, Unavailable
from shared.postgres import DRIVER_ERRORS, is_away
from shared.store.batch import APPEND, Prepared, arguments
from shared.store.connections import HeldConnection
from shared.store.model import PgPool

log = logging.getLogger(__name__)

MOST_WAITING: Final = 2000
_MOST_EVENTS: Final = 256
_LEAST_HALF: Final = 32
_QUICK_S: Final = 0.0001  # an entry: about what this process takes to make the next one
_MOST_CHARACTERS: Final = 4_000_000
_SWEEP_S: Final = 0.1
_LINGER_S: Final = 0.02
_FIRST_PAUSE_S: Final = 0.05
_LONGEST_PAUSE_S: Final = 0.5

_UNFIT: Final = (asyncpg.DataError, asyncpg.ProgramLimitExceededError)


class Outcome(NamedTuple):
    """What append_events() said of an entry: committed, repeated, conflict, or claimed (then `taken` is the claim)."""

    verdict: str
    position: int
    taken: int = 0


@dataclass(slots=True, eq=False)
class _Pending:
    """An entry and who waits for it; `undecided`: a call with it ended without an answer, so it may be stored."""

    prepared: Prepared
    future: asyncio.Future[Outcome]
    deadline: float
    undecided: bool = False

    def answer(self, outcome: Outcome) -> None:
        if self.future.done():
            return
        if outcome.verdict == "claimed" and self.undecided:
            # The lost call may still run, and find the claim released by then.
            self.fail(OutcomeUnknown("the database was lost while this committed"))
        else:
            self.future.set_result(outcome)

    def fail(self, error: AerodromeError) -> None:
        if not self.future.done():
            self.future.set_exception(error)


class Appender:
    """Sends entries to append_events() in batches, one call at a time over one connection; one a process."""

    def __init__(self, pool: PgPool, *, committed: Callable[[int], None]) -> None:
        """Have `committed` called with the last position after each batch of which something was stored."""
        self._pool = pool
        self._committed = committed
        self._waiting: deque[_Pending] = deque()
        self._batch: Sequence[_Pending] = ()
        self._answers: list[tuple[_Pending, Outcome]] = []
        self._quick = False
        self._calling = False
        self._arrived = asyncio.Event()
        self._runner: asyncio.Task[None] | None = None
        self._runners: set[asyncio.Task[None]] = set()

    async def append(self, prepared: Prepared, *, timeout_s: float) -> Outcome:
        """Return what became of an entry.

        Raises Unavailable when nothing was stored, OutcomeUnknown when that can't be told, Invalid when Postgres can't
        hold it.
        """
        if len(self._waiting) >= MOST_WAITING:
            raise Unavailable("too many entries wait to be appended")
        loop = asyncio.get_running_loop()
        pending = _Pending(prepared, loop.create_future(), loop.time() + timeout_s)
        self._waiting.append(pending)
        self._arrived.set()
        if self._runner is None:
            self._runner = asyncio.create_task(self._run(), name="appender")
            self._runners.add(self._runner)
            self._runner.add_done_callback(self._ended)
        return await pending.future

    async def drain(self) -> None:
        """Wait until nothing is being appended and the connection is given back."""
        while self._runners:
            await asyncio.wait(self._runners)

    async def _run(self) -> None:
        connection = HeldConnection(self._pool)
        sweeper = asyncio.create_task(self._sweep(), name="appender deadlines")
        try:
            while batch := self._take_batch() or await self._next_batch():
                self._batch = batch
                settling = asyncio.create_task(self._settle(batch, connection))
                await asyncio.sleep(0)  # it is on its way: while Postgres works, those before are answered
                self._give_answers()
                await settling
        finally:
            self._runner = None  # who comes now starts another
            sweeper.cancel()
            self._give_answers()
            self._abandon()
            await connection.give_back()

    def _ended(self, runner: asyncio.Task[None]) -> None:
        self._runners.discard(runner)
        if not runner.cancelled() and (error := runner.exception()) is not None:
            log.error("the appender broke; the next entry starts it afresh", exc_info=error)

    async def _next_batch(self) -> list[_Pending]:
        self._give_answers()
        await asyncio.sleep(0)  # those just answered may bring their next
        if not self._waiting:
            self._arrived.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LINGER_S):
                    await self._arrived.wait()
        return self._take_batch()  # looks again: somebody may have come as the time ran out

    def _take_batch(self) -> list[_Pending]:
        """Take from the front what has no key in common; what has stays in front for the next batch.

        Half is enough where Postgres is quick: it then commits one half while this process prepares the other.
        """
        batch: list[_Pending] = []
        later: list[_Pending] = []
        exclusive: set[Hashable] = set()
        shared: set[Hashable] = set()
        events = characters = 0
        half = max(_LEAST_HALF, (len(self._waiting) + len(self._answers) + 1) // 2)
        most = min(half, _MOST_EVENTS) if self._quick else _MOST_EVENTS
        while self._waiting and events < most and characters < _MOST_CHARACTERS:
            pending = self._waiting.popleft()
            keys = pending.prepared
            if pending.future.done():
                continue
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

    async def _settle(self, batch: Sequence[_Pending], connection: HeldConnection) -> None:
        """Get every entry of the batch its answer; one that spoils the batch spoils only itself."""
        try:
            await self._commit(batch, connection)
        except DRIVER_ERRORS as error:
            if len(batch) == 1:
                batch[0].fail(_ours(error, batch[0]))
                return
            log.warning("batch failed, going on entry by entry", extra={"error": repr(error)})
            for pending in batch:
                await self._settle([pending], connection)

    async def _commit(self, batch: Sequence[_Pending], connection: HeldConnection) -> None:
        """Call append_events() until it answers; who has waited to the deadline has left by then."""
        pause_s = _FIRST_PAUSE_S
        while batch := [pending for pending in batch if not pending.future.done()]:
            try:
                row = await self._call(batch, connection)
            except DRIVER_ERRORS as error:
                if not is_away(error):
                    raise
                log.warning("append interrupted, trying again", extra={"error": repr(error)})
                await connection.drop()
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            else:
                self._answer(batch, row)
                return

    async def _call(self, batch: Sequence[_Pending], connection: HeldConnection) -> asyncpg.Record | None:
        loop = asyncio.get_running_loop()
        timeout_s = max(_SWEEP_S, max(pending.deadline for pending in batch) - loop.time())
        held = await connection.get(timeout_s=timeout_s)
        self._calling, begun = True, loop.time()
        try:
            row = await held.fetchrow(APPEND, *arguments([each.prepared for each in batch]), timeout=timeout_s)
        except DRIVER_ERRORS as error:
            if not _rolled_back(error):
                for pending in batch:
                    pending.undecided = True
            raise
        finally:
            self._calling = False
        self._quick = loop.time() - begun < _QUICK_S * len(batch)
        return row

    def _answer(self, batch: Sequence[_Pending], row: asyncpg.Record | None) -> None:
        if row is None:
            raise AssertionError("append_events() returns one row")
        positions, refused, verdicts, taken = row
        why = dict(zip(refused, zip(verdicts, taken, strict=True), strict=True)) if refused else {}
        last = 0
        for number, (pending, position) in enumerate(zip(batch, positions, strict=True), 1):
            if number in why:
                verdict, claim = why[number]
                self._answers.append((pending, Outcome(verdict, 0, claim or 0)))
            else:
                self._answers.append((pending, Outcome("committed", position)))
                last = max(last, position)
        if last:
            asyncio.get_running_loop().call_soon(self._committed, last)

    def _give_answers(self) -> None:
        for pending, answer in self._answers:
            pending.answer(answer)
        self._answers.clear()

    async def _sweep(self) -> None:
        """Answer those whose deadline has passed; a call in flight goes on, for the others in it."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_SWEEP_S)
            now = loop.time()
            for pending in self._waiting:
                if pending.deadline <= now:
                    pending.fail(Unavailable("the entry waited too long to be appended"))
            for pending in self._batch:
                if pending.deadline <= now:
                    pending.fail(self._given_up(pending))

    def _abandon(self) -> None:
        for pending in self._batch:
            pending.fail(OutcomeUnknown("the appender was stopped while this committed"))
        for pending in self._waiting:
            pending.fail(Unavailable("the appender was stopped"))

    def _given_up(self, pending: _Pending) -> AerodromeError:
        if self._calling or pending.undecided:
            return OutcomeUnknown("the database was lost while this committed")
        return Unavailable("the database did not answer in time; nothing was stored")


def _rolled_back(error: BaseException) -> bool:
    """Say whether the server reported that the statement failed, so that nothing of it is stored."""
    if isinstance(error, asyncpg.PostgresError) and not isinstance(error, asyncpg.PostgresConnectionError):
        return error.severity_en not in {"FATAL", "PANIC"}
    return False


def _ours(error: BaseException, pending: _Pending) -> AerodromeError:
    if pending.undecided:
        return OutcomeUnknown("the database was lost while this committed")
    if isinstance(error, _UNFIT):
        return Invalid("postgres can't hold a value of this entry")
    log.error("append failed", exc_info=error)
    return Internal("the entry could not be appended")
