"""Looks for what a driver has and no wish wants, and takes it away without haste."""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from services.deployments.contract import DeploymentId
from services.deployments.drivers.protocol import Driver
from services.deployments.keeping.assignments import Assignments, Goal
from services.deployments.keeping.lease import Term
from services.deployments.statements import QUERIES
from shared.store.connections import fetch

log = logging.getLogger(__name__)

LEAST_KEPT: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Sweeper:
    """What is known to have been deleted goes at once: a process has died between two steps.

    What nobody knows is stopped at once too, but its data stay for `kept`: after a restore of the database to an older
    state they are all there is of the deployments that were made since.
    """

    driver: Driver
    assignments: Assignments
    kept: timedelta

    async def sweep(self, term: Term) -> None:
        """Take away what may go and tell of what may not yet; raises Unavailable where Postgres is away."""
        managed = set(await self.driver.list_managed())  # first, so that what is wished meanwhile is known
        known = {each.deployment_id for each in await self.assignments.open()}
        unknown: list[DeploymentId] = []
        for id_ in sorted(managed - known):
            found = await self.assignments.find(id_)
            if found is None:
                unknown.append(id_)
            elif found.goal is Goal.GONE:
                await self._delete(id_, "remains of a deleted deployment are removed", term)
        await self._keep_for_a_while(unknown, term)

    async def _keep_for_a_while(self, unknown: Collection[DeploymentId], term: Term) -> None:
        for id_ in unknown:
            await self.driver.hibernate(id_)
        pool, driver = self.assignments.pool, self.driver.name
        await fetch(pool, QUERIES["forget_unknown"], driver, list(unknown))
        for row in await fetch(pool, QUERIES["note_unknown"], driver, list(unknown), max(self.kept, LEAST_KEPT)):
            id_ = DeploymentId(row["deployment_id"])
            if row["over"]:
                await self._delete(id_, "deployment that nobody knows is removed, its data too", term)
            else:
                told = {"deployment": id_, "driver": driver, "kept_until": row["until"].isoformat()}
                log.warning("deployment that nobody knows is stopped, its data are kept for now", extra=told)

    async def _delete(self, id_: DeploymentId, message: str, term: Term) -> None:
        if term.lost.is_set():
            return
        log.warning(message, extra={"deployment": id_, "driver": self.driver.name})
        if left := await self.driver.delete(id_):
            log.warning("something of a deployment is left", extra={"deployment": id_, "left": ", ".join(left)})
