"""Performs the jobs of kind `drive`: tells the driver what is wanted and records what came of it."""

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast

from services.deployments.contract import (
    SERVICE,
    DeploymentCreated,
    DeploymentEvent,
    DeploymentId,
    ReportHealthy,
    ReportRemoved,
    State,
    deployment_stream,
)
from services.deployments.domain.deployment import DEPLOYMENT, Deleted, Deployment, Live
from services.deployments.drivers.protocol import Driver, Specification, StaleGeneration
from services.deployments.policies import DRIVE, DriverJob, Wish
from shared.bus.request import Request
from shared.commands import Commands, Unit
from shared.errors import Unavailable
from shared.followers.policy import Job
from shared.store.events import EventStore
from shared.store.model import Recorded
from shared.store.personal import PersonalKeys, clear_text

log = logging.getLogger(__name__)

PATIENCE_S: Final = 20.0
"""How long one attempt waits for the driver; the job is taken up again after that."""

_FIRST_LOOK_S: Final = 0.02
_LONGEST_LOOK_S: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverWorker:
    """Drives deployments; a job whose wish is no longer the last one is done at once."""

    store: EventStore
    commands: Commands
    keys: PersonalKeys | None
    driver: Driver
    kind: str = DRIVE

    async def perform(self, job: Job) -> None:
        """Bring the deployment to what the job wishes, and record it; raises Unavailable when that takes too long."""
        wanted = DriverJob.model_validate_json(job.payload)
        history = await self.store.read_stream(deployment_stream(wanted.deployment_id))
        try:
            match wanted.wish:
                case Wish.APPLY:
                    await self._apply(job, wanted, history)
                case Wish.DELETE:
                    await self._delete(job, wanted, history)
        except StaleGeneration:
            log.info("wish is no longer the last one", extra={"deployment": wanted.deployment_id})

    async def _apply(self, job: Job, wanted: DriverJob, history: Sequence[Recorded]) -> None:
        state = _fold(history)
        if not isinstance(state, Live) or state.generation != wanted.generation:
            return
        await self.driver.apply(_specification(history), generation=wanted.generation)
        await self._until(State.HEALTHY, wanted)
        await self._report(job, ReportHealthy(deployment_id=wanted.deployment_id, generation=wanted.generation))

    async def _delete(self, job: Job, wanted: DriverJob, history: Sequence[Recorded]) -> None:
        state = _fold(history)
        if not isinstance(state, Deleted) or state.generation != wanted.generation:
            return
        await self.driver.delete(wanted.deployment_id, generation=wanted.generation)
        await self._until(State.DELETED, wanted)
        await self._report(job, ReportRemoved(deployment_id=wanted.deployment_id, generation=wanted.generation))
        if state.hard and self.keys is not None:
            await self.keys.destroy(wanted.deployment_id)

    async def _until(self, state: State, wanted: DriverJob) -> None:
        pause_s = _FIRST_LOOK_S
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not await self._is(state, wanted):
                    await asyncio.sleep(pause_s)
                    pause_s = min(2 * pause_s, _LONGEST_LOOK_S)
        except TimeoutError:
            raise Unavailable(f"driver {self.driver.name} has not reached {state} in {PATIENCE_S} s") from None

    async def _is(self, state: State, wanted: DriverJob) -> bool:
        observed = await self.driver.observe(wanted.deployment_id)
        if observed.generation > wanted.generation:
            raise StaleGeneration(wanted.generation)
        return observed.generation == wanted.generation and observed.state is state

    async def _report(self, job: Job, report: ReportHealthy | ReportRemoved) -> None:
        async def attempt(unit: Unit) -> str:
            found = await unit.load(DEPLOYMENT, report.deployment_id)
            unit.append(found, DEPLOYMENT.decide(report, found.state))
            return found.stream

        context = job.context(SERVICE, step=type(report).__name__)
        await self.commands.run(Request(report, context), attempt)


def _fold(history: Sequence[Recorded]) -> Deployment:
    state = DEPLOYMENT.initial
    for recorded in history:
        state = DEPLOYMENT.evolve(state, cast("DeploymentEvent", recorded.event))
    return state


def _specification(history: Sequence[Recorded]) -> Specification:
    created = history[0].event
    assert isinstance(created, DeploymentCreated)
    env = clear_text(created.env)
    return Specification(
        deployment_id=DeploymentId(created.deployment_id),
        release_name=created.release_name,
        executor=created.executor,
        airflow_version=created.airflow_version,
        config=created.config,
        env=json.loads(env) if env else {},
    )
