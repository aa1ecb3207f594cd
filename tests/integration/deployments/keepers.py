"""Keepers on real Postgres, and a driver of tests that fails when it is told to."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import asyncpg

from services.deployments.contract import DeploymentId, Executor, Observation, new_airflow_secrets
from services.deployments.drivers.offers import SIMULATED
from services.deployments.drivers.protocol import Capabilities, Specification, StepFailed
from services.deployments.keeping.assignments import Assignment, Assignments, Goal, News
from services.deployments.keeping.keeper import Keeper
from services.deployments.keeping.lease import Lease
from services.deployments.keeping.sweeper import Sweeper
from shared.ids import new_id
from shared.store.model import PgPool
from tests.integration.deployments.service import until
from tests.servers import Database

ID = DeploymentId("cdeployment00000000000001")
LEASE = timedelta(seconds=1.2)
KEPT = timedelta(days=14)


def specification(id_: DeploymentId = ID) -> Specification:
    """Return a deployment as it might be asked for."""
    return Specification(
        deployment_id=id_,
        release_name="a-b-1",
        executor=Executor.CELERY,
        airflow_version="3.3.2",
        config={},
        env={},
        secrets=new_airflow_secrets(),
    )


@dataclass(slots=True)
class Trial:
    """A driver whose deployments are entries of a dict; `broken` steps fail, `ill` ones are not well.

    A start ends once `gate` is set. `bundles`: of each start that ended.
    """

    name: str = "trial"
    capabilities: Capabilities = SIMULATED
    up: set[DeploymentId] = field(default_factory=set[DeploymentId])
    data: set[DeploymentId] = field(default_factory=set[DeploymentId])
    broken: bool = False
    ill: bool = False
    applied: list[DeploymentId] = field(default_factory=list[DeploymentId])
    bundles: list[str] = field(default_factory=list[str])
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    wishes: dict[int, tuple[str, str]] = field(default_factory=dict[int, tuple[str, str]])

    def __post_init__(self) -> None:
        self.gate.set()

    async def apply(self, specification: Specification) -> str:
        self.applied.append(specification.deployment_id)
        self.data.add(specification.deployment_id)
        if self.broken:
            raise StepFailed("install", "ended with 1", ("no network",))
        await self.gate.wait()
        self.bundles.append(specification.bundle)
        self.up.add(specification.deployment_id)
        return "http://127.0.0.1:1"

    async def observe(self, deployment_id: DeploymentId) -> Sequence[str]:
        return ("it is ill",) if self.ill or deployment_id not in self.up else ()

    async def hibernate(self, deployment_id: DeploymentId) -> None:
        self.up.discard(deployment_id)

    async def delete(self, deployment_id: DeploymentId) -> Sequence[str]:
        if self.broken:
            return ("its folder",)
        self.up.discard(deployment_id)
        self.data.discard(deployment_id)
        return ()

    async def list_managed(self) -> Collection[DeploymentId]:
        return tuple(self.data)

    async def stop(self) -> None:
        self.up.clear()


@dataclass(frozen=True)
class Replica:
    """One process's keeper and what it drives."""

    driver: Trial
    keeper: Keeper
    task: asyncio.Task[None]
    pool: PgPool

    async def end(self) -> None:
        """End it as a process that leaves in order does."""
        self.task.cancel()
        await asyncio.wait({self.task})

    @property
    def assignments(self) -> Assignments:
        """The table."""
        return self.keeper.assignments

    async def want(self, goal: Goal, *, generation: int, id_: DeploymentId = ID) -> None:
        """Write down a wish as a job does."""
        await self.assignments.want(id_, generation, goal)
        self.keeper.wake()

    async def sees(self, observation: Observation, *, generation: int, id_: DeploymentId = ID) -> News:
        """Return the news of a generation once that is seen."""
        found: list[News] = []

        async def seen() -> bool:
            found[:] = [each for each in await self.assignments.news() if each.deployment_id == id_]
            return bool(found) and (found[0].generation, found[0].sight.observation) == (generation, observation)

        await until(seen)
        return found[0]

    async def assignment(self, id_: DeploymentId = ID) -> Assignment:
        """Return what stands in the table."""
        found = await self.assignments.find(id_)
        assert found is not None
        return found


@asynccontextmanager
async def replica_on(
    database: Database, *, holder: str = "", data: Collection[DeploymentId] = (), up: Collection[DeploymentId] = ()
) -> AsyncGenerator[Replica]:
    """Run a keeper until the end; `data` are there, and `up` run, when it comes.

    A generation's DAG files and version stand in `driver.wishes`.
    """
    async with asyncpg.create_pool(database.app_dsn, min_size=1, max_size=3) as pool:
        driver, assignments = Trial(data=set(data), up=set(up)), Assignments(pool)

        anything = specification()

        async def load(id_: DeploymentId, generation: int) -> Specification | None:
            found = await assignments.find(id_)
            if found is None or found.generation != generation:
                return None
            bundle, version = driver.wishes.get(generation, ("", ""))
            return replace(anything, deployment_id=id_, bundle=bundle, version=version)

        lease = Lease(pool=pool, driver=driver.name, holder=holder or new_id(), lasts=LEASE)
        sweeper = Sweeper(driver, assignments, KEPT)
        keeper = Keeper(
            driver=driver, assignments=assignments, lease=lease, sweeper=sweeper, load=load, first_pause_s=0.05
        )
        made = Replica(driver, keeper, asyncio.create_task(keeper.run()), pool)
        try:
            yield made
        finally:
            await made.end()
