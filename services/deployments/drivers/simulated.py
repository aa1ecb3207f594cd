"""The driver `simulated`: no Airflow runs; what would run is rows of a table and lines of a log."""

import json
from dataclasses import dataclass
from typing import Final

from services.deployments.contract import Component, DeploymentId, Executor, State
from services.deployments.drivers.protocol import Observed, Specification, StaleGeneration
from services.deployments.drivers.simulation import Simulation
from services.deployments.statements import QUERIES
from shared.errors import Unavailable
from shared.store.model import PgPool

_ALWAYS: Final = (Component.SCHEDULER, Component.WEBSERVER, Component.TRIGGERER)


def components_of(executor: Executor) -> tuple[Component, ...]:
    """Return the components that a deployment with this executor consists of."""
    return (*_ALWAYS, Component.WORKER) if executor is Executor.CELERY else _ALWAYS


@dataclass(frozen=True, slots=True)
class SimulatedDriver:
    """Writes down what is wanted; the simulation of some replica sees it and makes it so.

    `simulation` is that of this process, which is told, so that it need not look first.
    """

    pool: PgPool
    simulation: Simulation
    name: str = "simulated"

    async def apply(self, specification: Specification, *, generation: int) -> None:
        """Begin to simulate this generation."""
        components = components_of(specification.executor)
        await self._want(specification.deployment_id, generation, wanted=True, components=components)

    async def delete(self, deployment_id: DeploymentId, *, generation: int) -> None:
        """Begin to stop the simulation."""
        await self._want(deployment_id, generation, wanted=False)

    async def observe(self, deployment_id: DeploymentId) -> Observed:
        """Return whether the last wish is what is simulated; Unavailable in a process that leaves before it can be."""
        row = await self.pool.fetchrow(QUERIES["observe_simulated"], deployment_id)
        if row is None:
            return Observed(generation=0, state=State.UNKNOWN)
        generation, up = row["generation"], row["up_generation"]
        if up == (generation if row["wanted"] else None):
            return Observed(generation=generation, state=State.HEALTHY if row["wanted"] else State.DELETED)
        if self.simulation.left:
            raise Unavailable("this process leaves and simulates no more")
        return Observed(generation=generation, state=State.DEPLOYING if row["wanted"] else State.DELETING)

    async def _want(
        self, deployment_id: DeploymentId, generation: int, *, wanted: bool, components: tuple[Component, ...] = ()
    ) -> None:
        known = await self.pool.fetchval(
            QUERIES["want_simulated"], deployment_id, generation, wanted, json.dumps(components)
        )
        if known is None:
            raise StaleGeneration(generation)
        self.simulation.wake()
