"""One line to append_events(): batch after batch over one connection, every entry answered whatever happens to it."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import asyncpg

from shared.errors import AerodromeError, Internal, Invalid, OutcomeUnknown, Unavailable
from shared.postgres import DRIVER_ERRORS, is_away
from shared.store.batch import APPEND, Prepared, arguments
from shared.store.connections import HeldConnection
from shared.store.model import PgPool

log = logging.getLogger(__name__)

_LEAST_TIMEOUT_S: Final = 0.1
_FIRST_PAUSE_S: Final = 0.05
_LONGEST_PAUSE_S: Final = 0.5

_UNFIT: Final = (asyncpg.DataError, asyncpg.ProgramLimitExceededError)


class Outcome(NamedTuple):
    """What append_events() said of an entry: committed, repeated, conflict, or claimed (then `taken` is the claim)."""

    verdict: str
    position: int
    taken: int = 0


@dataclass(slots=True, eq=False)
class Pending:
    """An entry and who waits for it; `undecided`: a call with it ended without an answer, so it may be stored."""

    prepared: Prepared
    future: asyncio.Future[Outcome]
    deadline: float
    undecided: bool = False

    def answer(self, outcome: Outcome) -> None:
        """Tell what became of the entry."""
        if outcome.verdict == "claimed" and self.undecided:
            # The lost call may still run, and find the claim released by then.
            self.fail(OutcomeUnknown("the database was lost while this committed"))
        elif not self.future.done():
            self.future.set_result(outcome)

    def fail(self, error: AerodromeError) -> None:
        """Tell that there is no outcome."""
        if not self.future.done():
            self.future.set_exception(error)


class Lane:
    """Commits one batch at a time; after a lost connection it sends the same batch again on a new one."""

    def __init__(self, pool: PgPool, *, committed: Callable[[int], None]) -> None:
        """Have `committed` called with the last position after each batch of which something was stored."""
        self._connection = HeldConnection(pool)
        self._committed = committed
        self._batch: Sequence[Pending] = ()
        self._calling = False
        self.called_s = 0.0
        """How long the last call took, an entry."""

    @property
    def load(self) -> int:
        """How many entries are being committed."""
        return len(self._batch)

    async def settle(self, batch: Sequence[Pending]) -> None:
        """Get every entry of the batch its answer."""
        self._batch = batch
        await self._settle(batch)
        self._batch = ()

    def expire(self, now: float) -> None:
        """Answer those whose deadline has passed; the call goes on, for the others in the batch."""
        for pending in self._batch:
            if pending.deadline <= now:
                pending.fail(self._given_up(pending))

    async def close(self) -> None:
        """Answer those who still wait and give the connection back."""
        for pending in self._batch:
            pending.fail(OutcomeUnknown("the appender was stopped while this committed"))
        self._batch = ()
        await self._connection.give_back()

    async def _settle(self, batch: Sequence[Pending]) -> None:
        """Commit a batch; one entry that spoils it spoils only itself."""
        try:
            await self._commit(batch)
        except DRIVER_ERRORS as error:
            if len(batch) == 1:
                batch[0].fail(_ours(error, batch[0]))
                return
            log.warning("batch failed, going on entry by entry", extra={"error": repr(error)})
            for pending in batch:
                await self._settle([pending])

    async def _commit(self, batch: Sequence[Pending]) -> None:
        """Call append_events() until it answers; who has waited to the deadline has left by then."""
        pause_s = _FIRST_PAUSE_S
        while batch := [pending for pending in batch if not pending.future.done()]:
            try:
                row = await self._call(batch)
            except DRIVER_ERRORS as error:
                if not is_away(error):
                    raise
                log.warning("append interrupted, trying again", extra={"error": repr(error)})
                await self._connection.drop()
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            else:
                self._answer(batch, row)
                return

    async def _call(self, batch: Sequence[Pending]) -> asyncpg.Record | None:
        loop = asyncio.get_running_loop()
        timeout_s = max(_LEAST_TIMEOUT_S, max(pending.deadline for pending in batch) - loop.time())
        connection = await self._connection.get(timeout_s=timeout_s)
        self._calling, begun = True, loop.time()
        try:
            row = await connection.fetchrow(APPEND, *arguments([each.prepared for each in batch]), timeout=timeout_s)
        except DRIVER_ERRORS as error:
            if not _rolled_back(error):
                for pending in batch:
                    pending.undecided = True
            raise
        finally:
            self._calling = False
        self.called_s = (loop.time() - begun) / len(batch)
        return row

    def _answer(self, batch: Sequence[Pending], row: asyncpg.Record | None) -> None:
        if row is None:
            raise AssertionError("append_events() returns one row")
        positions, refused, verdicts, taken = row
        why = dict(zip(refused, zip(verdicts, taken, strict=True), strict=True)) if refused else {}
        last = 0
        for number, (pending, position) in enumerate(zip(batch, positions, strict=True), 1):
            if number in why:
                verdict, claim = why[number]
                pending.answer(Outcome(verdict, 0, claim or 0))
            else:
                pending.answer(Outcome("committed", position))
                last = max(last, position)
        if last:
            asyncio.get_running_loop().call_soon(self._committed, last)

    def _given_up(self, pending: Pending) -> AerodromeError:
        if self._calling or pending.undecided:
            return OutcomeUnknown("the database was lost while this committed")
        return Unavailable("the database did not answer in time; nothing was stored")


def _rolled_back(error: BaseException) -> bool:
    """Say whether the server reported that the statement failed, so that nothing of it is stored."""
    if isinstance(error, asyncpg.PostgresError) and not isinstance(error, asyncpg.PostgresConnectionError):
        return error.severity_en not in {"FATAL", "PANIC"}
    return False


def _ours(error: BaseException, pending: Pending) -> AerodromeError:
    if pending.undecided:
        return OutcomeUnknown("the database was lost while this committed")
    if isinstance(error, _UNFIT):
        return Invalid("postgres can't hold a value of this entry")
    log.error("append failed", exc_info=error)
    return Internal("the entry could not be appended")
