"""Keeps every deployment of a driver as it is wished, in the one process that holds the driver's lease."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from services.deployments.contract import DeploymentId, Observation
from services.deployments.drivers.protocol import Driver, Specification, StepFailed
from services.deployments.keeping.assignments import Assignment, Assignments, Goal, Sight
from services.deployments.keeping.lease import Lease, Term
from services.deployments.keeping.sweeper import Sweeper
from shared.errors import AerodromeError
from shared.followers.failures import Backoff, describe
from shared.runtime.background import end_tasks

log = logging.getLogger(__name__)

LOOK_S: Final = 0.3
"""How often it looks for new wishes when nothing wakes it."""

WATCH_S: Final = 1.0
"""How often a running deployment's health is looked at."""

SWEEP_S: Final = 3600.0
"""How often it looks for what no wish knows, besides at its start."""

ATTEMPTS: Final = 3
"""How often a step is tried before a generation has failed."""

_ILL_LOOKS: Final = 3
"""So many looks in a row find something wrong before a deployment is unhealthy."""

_STARTS_AGAIN: Final = "it starts again"

Load = Callable[[DeploymentId, int], Awaitable[Specification | None]]
"""Returns what a generation of a deployment shall be, None where that is no longer the last one."""


@dataclass(slots=True)
class _Kept:
    """`starting`: what the driver is bringing up at the moment."""

    assignment: Assignment
    task: asyncio.Task[None] | None = None
    starting: Specification | None = None


@dataclass(slots=True, kw_only=True)
class Keeper:
    """`first_pause_s` and `attempts` pace what fails."""

    driver: Driver
    assignments: Assignments
    lease: Lease
    sweeper: Sweeper
    load: Load
    attempts: int = ATTEMPTS
    first_pause_s: float = 1.0
    _kept: dict[DeploymentId, _Kept] = field(default_factory=dict[DeploymentId, _Kept])
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        """Have it look at the wishes now."""
        self._woken.set()

    async def run(self) -> None:
        """Keep until cancelled: wait for the lease, keep while it is ours, stop everything when it is not."""
        while True:
            async with self.lease.held() as term:
                try:
                    await self._serve(term)
                finally:
                    await self._end_all()
                    await self.driver.stop()

    def kept(self) -> Mapping[DeploymentId, Assignment]:
        """Return what is kept now."""
        return {id_: kept.assignment for id_, kept in self._kept.items()}

    async def _serve(self, term: Term) -> None:
        clock = asyncio.get_running_loop()
        sweep_at = clock.time()
        while not term.lost.is_set():
            self._woken.clear()
            try:
                if clock.time() >= sweep_at:
                    await self.sweeper.sweep(term)
                    sweep_at = clock.time() + SWEEP_S
                await self._follow(term)
            except AerodromeError as error:
                log.warning("wishes can't be read", extra={"driver": self.driver.name, "error": describe(error)})
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._woken.wait()

    async def _follow(self, term: Term) -> None:
        wished = {each.deployment_id: each for each in await self.assignments.open()}
        for gone in self._kept.keys() - wished.keys():
            await self._end(gone)
        for id_, assignment in wished.items():
            kept = self._kept.get(id_)
            if kept and (kept.assignment.generation == assignment.generation or await self._waits(kept, assignment)):
                continue
            await self._end(id_)
            kept = self._kept[id_] = _Kept(assignment)
            kept.task = asyncio.create_task(self._keep(kept, term), name=f"keep {id_}")

    async def _waits(self, kept: _Kept, assignment: Assignment) -> bool:
        """Say whether a start goes on to its end before a newer wish: DAG files are put in place without another."""
        if kept.starting is None or assignment.goal is not Goal.RUN:
            return False
        wanted = await self.load(assignment.deployment_id, assignment.generation)
        return wanted is not None and wanted.same_but_dags(kept.starting)

    async def _keep(self, kept: _Kept, term: Term) -> None:
        assignment, failed = kept.assignment, 0
        backoff = Backoff(first_s=self.first_pause_s, longest_s=60.0)
        while True:
            try:
                return await self._reach(kept, term)
            except StepFailed as error:
                failed += 1
                _tell(assignment, error)
                if failed >= self.attempts:
                    return await self._note(assignment, term, _failure(error))
            except Exception as error:  # noqa: BLE001 -- the loop of a worker: told, then tried again
                _tell(assignment, error)
            await asyncio.sleep(backoff.next_s())

    async def _reach(self, kept: _Kept, term: Term) -> None:
        assignment = kept.assignment
        id_ = assignment.deployment_id
        if assignment.seen_now is Observation.FAILED:
            return
        match assignment.goal:
            case Goal.RUN:
                await self._run(kept, term)
            case Goal.SLEEP:
                await self.driver.hibernate(id_)
                await self._note(assignment, term, Sight(observation=Observation.HIBERNATED))
            case Goal.GONE:
                if left := await self.driver.delete(id_):
                    raise StepFailed("delete", f"has left {', '.join(left)}", ())
                await self._note(assignment, term, Sight(observation=Observation.REMOVED))

    async def _run(self, kept: _Kept, term: Term) -> None:
        assignment = kept.assignment
        specification = await self.load(assignment.deployment_id, assignment.generation)
        if specification is None:
            return
        if assignment.seen_now is Observation.HEALTHY:
            await self._note(assignment, term, Sight(observation=Observation.UNHEALTHY, complaints=(_STARTS_AGAIN,)))
        kept.starting = specification
        try:
            endpoint = await self.driver.apply(specification)
        finally:
            kept.starting = None
        await self._note(assignment, term, Sight(observation=Observation.HEALTHY, endpoint=endpoint))
        await self._watch(assignment, term, endpoint)

    async def _watch(self, assignment: Assignment, term: Term, endpoint: str) -> None:
        healthy, ill = True, 0
        while True:
            await asyncio.sleep(WATCH_S)
            complaints = await self.driver.observe(assignment.deployment_id)
            ill = ill + 1 if complaints else 0
            if healthy and ill >= _ILL_LOOKS:
                healthy = False
                sight = Sight(observation=Observation.UNHEALTHY, complaints=complaints, endpoint=endpoint)
                await self._note(assignment, term, sight)
            elif not healthy and not complaints:
                healthy = True
                await self._note(assignment, term, Sight(observation=Observation.HEALTHY, endpoint=endpoint))

    async def _note(self, assignment: Assignment, term: Term, sight: Sight) -> None:
        """Write down what is seen, however long Postgres is away; whose lease is lost is not heard any more."""
        backoff = Backoff()
        while not term.lost.is_set():
            with suppress(AerodromeError):
                await self.assignments.note(assignment, sight, driver=self.driver.name, token=term.token)
                return
            await asyncio.sleep(backoff.next_s())

    async def _end(self, id_: DeploymentId) -> None:
        if (kept := self._kept.pop(id_, None)) and kept.task:
            await end_tasks([kept.task])

    async def _end_all(self) -> None:
        await end_tasks([kept.task for kept in self._kept.values() if kept.task])
        self._kept.clear()


def _failure(error: StepFailed) -> Sight:
    return Sight(observation=Observation.FAILED, step=error.step, reason=error.why, lines=error.lines)


def _tell(assignment: Assignment, error: Exception) -> None:
    told = {"deployment": assignment.deployment_id, "generation": assignment.generation}
    log.warning("deployment is not as wished", extra=told | {"goal": assignment.goal, "error": describe(error)})
