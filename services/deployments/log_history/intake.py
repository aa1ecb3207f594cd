"""Follows the stream of log lines into Postgres: at least once read, exactly once written."""

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from prometheus_client import Counter, Gauge

from services.deployments.log_history.source import Arrived, LogSource, Place
from services.deployments.log_history.table import LogTable
from shared.bus.client import Bus
from shared.followers.batch import Elsewhere
from shared.followers.failures import describe, passes
from shared.followers.leadership import lead
from shared.followers.loops import Loop
from shared.telemetry import LOST

log = logging.getLogger(__name__)

LAG: Final = Gauge("aerodrome_log_history_lag_batches", "Batches of log lines that are not in the history yet.")
LINES: Final = Counter("aerodrome_log_history_lines_total", "Log lines written to the history.")

LISTEN_S: Final = 0.5
_STAND_BY_S: Final = 1.0
CONFIRM_S: Final = 5.0
_LOST: Final = "log batches"


class Intake(Loop):
    """Takes lines in for as long as no other replica does."""

    def __init__(self, bus: Bus, table: LogTable) -> None:
        super().__init__("log history")
        self._bus = bus
        self._table = table

    async def once(self) -> None:
        """Take in what comes until we stop, fail, or another replica is at it."""
        async with lead(self._table.pool, self.name) as leading:
            if leading is None:
                LAG.set(0)
                await self.pause(_STAND_BY_S)
                return
            source = LogSource(self._bus)
            try:
                await self._follow(source)
            except Elsewhere:
                log.info("another replica has taken these log lines")
            finally:
                await source.close()

    async def _follow(self, source: LogSource) -> None:
        seen = await self._table.place()
        begun = await source.open(seen)
        written, reached = seen, begun.sequence
        confirmed_at = time.monotonic()
        while not self.stopping:
            arrived = await source.read(wait_s=LISTEN_S)
            if arrived:
                _note_gaps(arrived, reached)
                written = await self._take(written, begun.stream, arrived)
                reached = written.sequence
            LAG.set(source.pending)
            if time.monotonic() - confirmed_at > CONFIRM_S:
                await source.confirm()
                confirmed_at = time.monotonic()

    async def _take(self, seen: Place, stream: int, arrived: Sequence[Arrived]) -> Place:
        """Write what arrived; what fails for what it is, and not for now, is told and left out alone."""
        try:
            reached = await self._table.take(seen, stream, arrived)
        except Elsewhere:
            raise
        except Exception as error:
            if passes(error):
                raise
            return await self._one_by_one(seen, stream, arrived, error)
        for each in arrived:
            if each.batch is None:
                LOST.labels(_LOST, "unreadable").inc()
                log.warning("a log batch can't be read", extra={"sequence": each.sequence})
        LINES.inc(reached.lines - seen.lines)
        return reached

    async def _one_by_one(self, seen: Place, stream: int, arrived: Sequence[Arrived], error: Exception) -> Place:
        if len(arrived) == 1:
            log.error("a log batch can't be kept", extra={"error": describe(error)})
            return await self._take(seen, stream, [replace(arrived[0], batch=None)])
        for each in arrived:
            seen = await self._take(seen, stream, [each])
        return seen


def _note_gaps(arrived: Sequence[Arrived], reached: int) -> None:
    """Count the batches that the stream no longer had when we came to them; a history begins where the stream does."""
    missing = arrived[-1].sequence - reached - len(arrived) if reached else 0
    if missing > 0:
        LOST.labels(_LOST, "gone before they were kept").inc(missing)
        log.warning("log batches were gone before they were kept", extra={"batches": missing})
