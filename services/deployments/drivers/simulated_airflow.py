"""One simulated Airflow: its components write lines for as long as it is up."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from services.deployments.contract import Component, DeploymentId, LogBatch, LogRecord
from services.deployments.drivers.simulated_lines import Line, first_lines, lines
from services.deployments.logs.stream import LogFeed
from shared.clock import utc_now

_INSTANT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedAirflow:
    """What runs, and under which incarnation; a restarted one has another."""

    deployment_id: DeploymentId
    components: tuple[Component, ...]
    incarnation: str

    def start(self, stream: LogFeed, period_s: Callable[[], float]) -> set[asyncio.Task[None]]:
        """Start the components; each writes a line every `period_s` until its task is cancelled."""
        return {
            asyncio.create_task(self._component(component, stream, period_s), name=f"{self.deployment_id} {component}")
            for component in self.components
        }

    async def _component(self, component: Component, stream: LogFeed, period_s: Callable[[], float]) -> None:
        clock = asyncio.get_running_loop()
        writer = _Writer(self, component)
        await stream.write(writer.batch(first_lines(component)))
        next_s = clock.time()
        for line in lines(component):
            next_s = max(next_s + period_s(), clock.time())  # what could not be written in time is left out
            await asyncio.sleep(next_s - clock.time())
            await stream.write(writer.batch((line,)))


class _Writer:
    """Puts lines into batches, counts both and keeps the times rising."""

    def __init__(self, airflow: SimulatedAirflow, component: Component) -> None:
        self._airflow = airflow
        self._component = component
        self._batches = 0
        self._records = 0
        self._last = utc_now() - _INSTANT

    def batch(self, written: Iterable[Line]) -> LogBatch:
        """Return the next batch."""
        self._batches += 1
        return LogBatch(
            deployment=self._airflow.deployment_id,
            component=self._component,
            incarnation=self._airflow.incarnation,
            batch=self._batches,
            records=tuple(self._record(line) for line in written),
        )

    def _record(self, line: Line) -> LogRecord:
        self._records += 1
        id_ = f"{self._airflow.incarnation}-{self._component}-{self._records}"
        return LogRecord(id=id_, timestamp=self._next_time(), level=line.level, message=line.message)

    def _next_time(self) -> datetime:
        self._last = max(utc_now(), self._last + _INSTANT)
        return self._last
