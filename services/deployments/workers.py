"""Performs the jobs: hands wishes to the one who keeps deployments, and ends the days of deleted ones."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from services.deployments.contract import SERVICE, PurgeDeployment
from services.deployments.domain.deployment import DEPLOYMENT
from services.deployments.domain.state import Absent, Deployment, Live
from services.deployments.keeping.assignments import Assignments, Goal, StaleGeneration
from services.deployments.keeping.history import state_of
from services.deployments.policies import DRIVE, PURGE, DriverJob, PurgeJob
from shared.bus.request import Request
from shared.commands import Commands, Unit
from shared.followers.policy import Job
from shared.store.events import EventStore

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverWorker:
    """Writes wishes down for the keeper; `wake` tells one in this process."""

    store: EventStore
    assignments: Assignments
    wake: Callable[[], None]
    kind: str = DRIVE

    async def perform(self, job: Job) -> None:
        """Write down the wish unless a later one is there."""
        wanted = DriverJob.model_validate_json(job.payload)
        state = await state_of(self.store, wanted.deployment_id)
        if isinstance(state, Absent) or state.generation != wanted.generation:
            return
        try:
            await self.assignments.want(wanted.deployment_id, wanted.generation, _goal(state))
        except StaleGeneration:
            log.info("wish is no longer the last one", extra={"deployment": wanted.deployment_id})
        self.wake()


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeWorker:
    """Has the data of deleted deployments go when their days are over."""

    commands: Commands
    kind: str = PURGE

    async def perform(self, job: Job) -> None:
        """Ask for the purge; what is purged already stays so."""
        purge = PurgeDeployment(deployment_id=PurgeJob.model_validate_json(job.payload).deployment_id)

        async def attempt(unit: Unit) -> str:
            found = await unit.load(DEPLOYMENT, purge.deployment_id)
            unit.append(found, DEPLOYMENT.decide(purge, found.state))
            return found.stream

        await self.commands.run(Request(purge, job.context(SERVICE)), attempt)


def _goal(state: Deployment) -> Goal:
    if isinstance(state, Live):
        return Goal.SLEEP if state.asleep else Goal.RUN
    return Goal.SLEEP if not isinstance(state, Absent) and not state.purged else Goal.GONE
