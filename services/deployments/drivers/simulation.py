"""The simulation: keeps in this process the simulated Airflows that no other replica keeps.

Each is kept under an advisory lock of one session. If that ends, for whatever reason, so does all that was kept, and
whoever gets the lock next goes on with a new incarnation.
"""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import asyncpg

from services.deployments.contract import Component, DeploymentId
from services.deployments.drivers.simulated_airflow import SimulatedAirflow
from services.deployments.logs.stream import LogStream
from services.deployments.statements import QUERIES
from shared.ids import new_id

log = logging.getLogger(__name__)

LOOK_S: Final = 1.0
"""How often it looks for what is wanted when nothing wakes it."""

_PAUSE_S: Final = 0.5
_TIMEOUT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class _Wanted:
    deployment_id: DeploymentId
    generation: int
    wanted: bool
    components: tuple[Component, ...]


@dataclass(slots=True)
class _Kept:
    """What this session has locked; `task` is None where nothing runs."""

    generation: int = 0
    task: asyncio.Task[None] | None = None


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
            await self._stop_all()
            session.terminate()

    async def _keep(self, session: asyncpg.Connection) -> None:
        while True:
            self._woken.clear()
            await self._lock_new(session)
            await self._follow_changes(session)
            try:
                await asyncio.wait_for(self._woken.wait(), LOOK_S)
            except TimeoutError:
                continue

    async def _lock_new(self, session: asyncpg.Connection) -> None:
        for row in await session.fetch(QUERIES["lock_simulated"], list(self._kept)):
            if row["held"]:
                self._kept[row["deployment_id"]] = _Kept()

    async def _follow_changes(self, session: asyncpg.Connection) -> None:
        # Read after the lock was taken: its holder before us may have changed the row.
        for row in await session.fetch(QUERIES["read_simulated"], list(self._kept)):
            wanted = _wanted(row)
            kept = self._kept[wanted.deployment_id]
            if not wanted.wanted:
                await self._give_up(session, wanted.deployment_id)
            elif kept.task is None or kept.task.done() or kept.generation != wanted.generation:
                await self._start(session, wanted, kept)

    async def _start(self, session: asyncpg.Connection, wanted: _Wanted, kept: _Kept) -> None:
        await _stop(kept)
        airflow = SimulatedAirflow(
            deployment_id=wanted.deployment_id,
            generation=wanted.generation,
            components=wanted.components,
            incarnation=new_id(),
        )
        kept.generation, kept.task = wanted.generation, asyncio.create_task(airflow.run(self.stream))
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

    async def _stop_all(self) -> None:
        kept, self._kept = self._kept, {}
        for each in kept.values():
            await _stop(each)


async def _stop(kept: _Kept) -> None:
    if kept.task is None:
        return
    kept.task.cancel()
    await asyncio.wait({kept.task})
    if not kept.task.cancelled() and (error := kept.task.exception()):
        log.error("simulated airflow failed", exc_info=error)
    kept.task = None


def _wanted(row: asyncpg.Record) -> _Wanted:
    return _Wanted(
        deployment_id=row["deployment_id"],
        generation=row["generation"],
        wanted=row["wanted"],
        components=tuple(Component(name) for name in json.loads(row["components"])),
    )
