"""The simulation: keeps in this process the simulated Airflows that no other replica keeps.

Each is kept under an advisory lock of one session. If that ends, for whatever reason, so does all that was kept, and
whoever gets the lock next goes on with a new incarnation.
"""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

import asyncpg

from services.deployments.contract import Component, DeploymentId
from services.deployments.drivers.simulated_airflow import SimulatedAirflow
from services.deployments.logs.stream import LogStream
from services.deployments.statements import QUERIES
from shared.ids import new_id
from shared.runtime.background import end_tasks

log = logging.getLogger(__name__)

LOOK_S: Final = 1.0
"""How often it looks for what is wanted when nothing wakes it."""

MOST_DEPLOYMENTS: Final = 50
"""So many write a line a second; more write less often, so that they never choke the service they live in."""

_GATHER_S: Final = 0.02  # wishes come in bursts
_PAUSE_S: Final = 0.5
_CANCEL_AGAIN_S: Final = 0.1
_TIMEOUT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class _Wanted:
    deployment_id: DeploymentId
    generation: int
    wanted: bool
    components: tuple[Component, ...]


@dataclass(slots=True)
class _Kept:
    """What this session has locked; no `tasks` where nothing was started yet."""

    generation: int = 0
    tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    @property
    def runs(self) -> bool:
        return bool(self.tasks) and not any(task.done() for task in self.tasks)


@dataclass(slots=True)
class Simulation:
    """Runs simulated Airflows; one instance a replica. `left`: it has stopped for good."""

    database_url: str = field(repr=False)
    stream: LogStream
    left: bool = False
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _kept: dict[DeploymentId, _Kept] = field(default_factory=dict[DeploymentId, _Kept])

    def wake(self) -> None:
        """Have it look at what is wanted now."""
        self._woken.set()

    async def run(self) -> None:
        """Simulate until cancelled; begins afresh when the session is lost."""
        try:
            while True:
                await self._run_session()
                await asyncio.sleep(_PAUSE_S)
        except asyncio.CancelledError:
            self.left = True
            raise

    async def _run_session(self) -> None:
        try:
            async with self._session() as session:
                await self._keep(session)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("simulation waits for postgres", extra={"error": str(error)})

    @asynccontextmanager
    async def _session(self) -> AsyncGenerator[asyncpg.Connection, None]:
        session = await asyncpg.connect(self.database_url, timeout=_TIMEOUT_S, command_timeout=_TIMEOUT_S)
        session.add_termination_listener(lambda _: self.wake())
        try:
            yield session
        finally:
            try:
                await self._stop_all()
            finally:
                session.terminate()

    async def _keep(self, session: asyncpg.Connection) -> None:
        while True:
            self._woken.clear()
            await self._lock_new(session)
            await self._follow_changes(session)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._woken.wait()
                    await asyncio.sleep(_GATHER_S)

    async def _lock_new(self, session: asyncpg.Connection) -> None:
        for row in await session.fetch(QUERIES["lock_simulated"], list(self._kept)):
            if row["held"]:
                self._kept[row["deployment_id"]] = _Kept()

    async def _follow_changes(self, session: asyncpg.Connection) -> None:
        # Read after the lock was taken: its holder before us may have changed the row.
        running = [each.generation if each.runs else 0 for each in self._kept.values()]
        for row in await session.fetch(QUERIES["changed_simulated"], list(self._kept), running):
            wanted = _wanted(row)
            if wanted.wanted:
                await self._start(session, wanted, self._kept[wanted.deployment_id])
            else:
                await self._give_up(session, wanted.deployment_id)

    async def _start(self, session: asyncpg.Connection, wanted: _Wanted, kept: _Kept) -> None:
        await _stop(kept)
        airflow = SimulatedAirflow(
            deployment_id=wanted.deployment_id,
            generation=wanted.generation,
            components=wanted.components,
            incarnation=new_id(),
        )
        kept.generation, kept.tasks = wanted.generation, airflow.start(self.stream, self._period_s)
        await session.execute(QUERIES["mark_simulated"], airflow.deployment_id, airflow.generation, airflow.incarnation)
        log.info(
            "simulated airflow started",
            extra={"deployment": airflow.deployment_id, "incarnation": airflow.incarnation},
        )

    async def _give_up(self, session: asyncpg.Connection, deployment_id: DeploymentId) -> None:
        await _stop(self._kept.pop(deployment_id))
        await session.execute(QUERIES["mark_simulated"], deployment_id, None, None)
        await session.execute(QUERIES["unlock_simulated"], deployment_id)
        log.info("simulated airflow stopped", extra={"deployment": deployment_id})

    def _period_s(self) -> float:
        return max(1.0, len(self._kept) / MOST_DEPLOYMENTS)

    async def _stop_all(self) -> None:
        kept, self._kept = list(self._kept.values()), {}
        await end_tasks((task for each in kept for task in each.tasks), again_s=_CANCEL_AGAIN_S)
        for each in kept:
            await _stop(each)


async def _stop(kept: _Kept) -> None:
    await end_tasks(kept.tasks, again_s=_CANCEL_AGAIN_S)
    for task in kept.tasks:
        if not task.cancelled() and (error := task.exception()):
            log.error("simulated airflow failed", exc_info=error)
    kept.tasks = set()


def _wanted(row: asyncpg.Record) -> _Wanted:
    return _Wanted(
        deployment_id=row["deployment_id"],
        generation=row["generation"],
        wanted=row["wanted"],
        components=tuple(Component(name) for name in json.loads(row["components"])),
    )
