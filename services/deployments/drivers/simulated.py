"""The driver `simulated`: no Airflow runs; what would run are tasks of this process that write lines of a log."""

import asyncio
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from services.deployments.contract import Component, DeploymentId, Executor
from services.deployments.drivers.offers import SIMULATED
from services.deployments.drivers.protocol import Capabilities, Specification
from services.deployments.drivers.simulated_airflow import SimulatedAirflow
from services.deployments.logs.stream import LogFeed
from shared.ids import new_id
from shared.runtime.background import end_tasks

log = logging.getLogger(__name__)

MOST_DEPLOYMENTS: Final = 50
"""So many write a line a second; more write less often, so that they never choke the service they live in."""

_ALWAYS: Final = (Component.SCHEDULER, Component.WEBSERVER, Component.TRIGGERER)
_CANCEL_AGAIN_S: Final = 0.1


def components_of(executor: Executor) -> tuple[Component, ...]:
    """Return the components that a deployment with this executor consists of."""
    return (*_ALWAYS, Component.WORKER) if executor is Executor.CELERY else _ALWAYS


@dataclass(slots=True)
class _Simulated:
    specification: Specification
    tasks: set[asyncio.Task[None]]


@dataclass(slots=True)
class SimulatedDriver:
    """Nothing of it outlives this process; a restarted one has another incarnation."""

    stream: LogFeed
    name: str = "simulated"
    capabilities: Capabilities = SIMULATED
    _running: dict[DeploymentId, _Simulated] = field(default_factory=dict[DeploymentId, _Simulated])

    async def apply(self, specification: Specification) -> str:
        """Simulate a deployment; it is healthy at once."""
        id_ = specification.deployment_id
        present = self._running.get(id_)
        if present and present.specification == specification and not await self.observe(id_):
            return ""
        await self.hibernate(id_)
        airflow = SimulatedAirflow(
            deployment_id=id_, components=components_of(specification.executor), incarnation=new_id()
        )
        self._running[id_] = _Simulated(specification, airflow.start(self.stream, self._period_s))
        log.info("simulated airflow started", extra={"deployment": id_, "incarnation": airflow.incarnation})
        return ""

    async def observe(self, deployment_id: DeploymentId) -> Sequence[str]:
        """Return whether its simulation goes on."""
        present = self._running.get(deployment_id)
        if present is None:
            return ("it is not simulated",)
        return [f"{task.get_name()} has ended" for task in present.tasks if task.done()]

    async def hibernate(self, deployment_id: DeploymentId) -> None:
        """Simulate it no more."""
        if present := self._running.pop(deployment_id, None):
            await _end(present.tasks)

    async def delete(self, deployment_id: DeploymentId) -> Sequence[str]:
        """Simulate it no more; there are no data."""
        await self.hibernate(deployment_id)
        return ()

    async def list_managed(self) -> Collection[DeploymentId]:
        """Return what is simulated."""
        return tuple(self._running)

    async def stop(self) -> None:
        """Simulate nothing any more."""
        tasks = [task for each in self._running.values() for task in each.tasks]
        self._running.clear()
        await _end(tasks)

    def _period_s(self) -> float:
        return max(1.0, len(self._running) / MOST_DEPLOYMENTS)


async def _end(tasks: Collection[asyncio.Task[None]]) -> None:
    await end_tasks(tasks, again_s=_CANCEL_AGAIN_S)
    for task in tasks:
        if not task.cancelled() and (error := task.exception()):
            log.error("simulated airflow failed", exc_info=error)
