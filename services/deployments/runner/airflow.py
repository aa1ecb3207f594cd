"""One running Airflow: its components, whether it is healthy, and its end."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp

from services.deployments.drivers.old_web import WEB_CONFIGURATION
from services.deployments.drivers.protocol import StepFailed
from services.deployments.runner.accounts import give
from services.deployments.runner.components import Component, OnOutput, PartState, PartStatus
from services.deployments.runner.configuration import (
    AirflowSpec,
    airflow_command,
    part_command,
    parts_of,
    passwords_of,
    user_command,
)
from services.deployments.runner.environments import Environment
from services.deployments.runner.executor_watch import ExecutorWatch
from services.deployments.runner.health import complaints
from services.deployments.runner.processes import run_step
from services.deployments.runner.task_logs import TaskLogs
from services.deployments.runner.versions import Part
from shared.runtime.background import end_tasks
from shared.servers.accounts import Account

log = logging.getLogger(__name__)

HEALTHY_S: Final = 180.0
"""How long a start may take; 8 to 21 s on 2 idle cores."""

_STEP_S: Final = 300.0
_LOOK_S: Final = 0.25
_WATCH_S: Final = 2.0


@dataclass(slots=True, kw_only=True)
class Airflow:
    """An Airflow of which database and environment are there. `outside` is the environment of this process."""

    spec: AirflowSpec
    environment: Environment
    outside: Mapping[str, str] = field(repr=False)
    on_output: OnOutput
    grace_s: float
    task_logs: TaskLogs | None = None
    _components: dict[Part, Component] = field(default_factory=dict[Part, Component])
    _watching: asyncio.Task[None] | None = None

    async def migrate(self) -> None:
        """Bring its database to its version; raises StepFailed."""
        await self._step("migrate the database", "db", "migrate")

    async def make_user(self) -> None:
        """Make the user `admin` of a 2.x unless it is there; the users of a 3.x stand in a file."""
        if not self.spec.version.line.makes_user:
            return
        await asyncio.to_thread(_prepare, self.spec)
        await run_step("make the user", user_command(self.spec, self.environment, self.outside), timeout_s=_STEP_S)

    def start(self) -> None:
        """Begin to run its components; `until_healthy` tells when they are."""
        _prepare(self.spec)
        for part in parts_of(self.spec):
            command = part_command(self.spec, self.environment, part, self.outside)
            component = Component(part=part, command=command, on_output=self.on_output, grace_s=self.grace_s)
            self._components[part] = component
            component.start()
        if self.task_logs:
            self.task_logs.start()
        self._watching = asyncio.create_task(self._watch(), name=f"watch of {self.spec.deployment_id}")

    async def until_healthy(self, *, timeout_s: float = HEALTHY_S) -> None:
        """Return when it is healthy; raises StepFailed with what is still wrong after `timeout_s`."""
        wrong: list[str] = []
        try:
            async with asyncio.timeout(timeout_s), aiohttp.ClientSession() as http:
                while wrong := await complaints(http, self.spec, self.status()):  # noqa: ASYNC110 -- tells no event
                    await asyncio.sleep(_LOOK_S)
        except TimeoutError:
            raise StepFailed("start", f"is not healthy after {timeout_s:g} s", wrong) from None

    async def complaints(self) -> list[str]:
        """Return what is wrong now; nothing: it is healthy."""
        async with aiohttp.ClientSession() as http:
            return await complaints(http, self.spec, self.status())

    def status(self) -> Sequence[PartStatus]:
        """Return its components as they are; none before `start`."""
        return [each.status() for each in self._components.values()]

    def restart(self, part: Part) -> None:
        """Have one component end within the grace and start again."""
        self._components[part].restart()

    async def stop(self, *, within_s: float | None = None) -> None:
        """End all components at once, each within the grace or `within_s`; returns when nothing is left."""
        if self._watching:
            await end_tasks([self._watching])
        await asyncio.gather(*(each.stop(within_s=within_s) for each in self._components.values()))
        if self.task_logs:
            await self.task_logs.stop()

    async def _step(self, step: str, *words: str) -> None:
        await asyncio.to_thread(_prepare, self.spec)
        await run_step(step, airflow_command(self.spec, self.environment, words, self.outside), timeout_s=_STEP_S)

    async def _watch(self) -> None:
        watch, scheduler = ExecutorWatch(self.spec.parallelism), self._components[Part.SCHEDULER]
        while True:
            await asyncio.sleep(_WATCH_S)
            found = scheduler.status()
            if found.state is PartState.RUNNING and found.pid and watch.lost(found.pid):
                log.warning("a worker was lost, the scheduler restarts", extra={"deployment": self.spec.deployment_id})
                scheduler.restart()
                await self._until_another(found.pid)

    async def _until_another(self, pid: int) -> None:
        while self._components[Part.SCHEDULER].status().pid == pid:  # noqa: ASYNC110 -- at most the grace
            await asyncio.sleep(_LOOK_S)


def _prepare(spec: AirflowSpec) -> None:
    """Make the folders of an Airflow and the files by which it knows people, for its account alone."""
    for folder in (spec.folder, spec.home, spec.temporary):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for folder in (spec.home, spec.temporary):
        give(folder, spec.account)
    _write_private(spec.passwords_file, passwords_of(spec), spec.account)
    _write_private(spec.web_configuration_file, WEB_CONFIGURATION, spec.account)


def _write_private(path: Path, text: str, account: Account | None) -> None:
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_text(text, encoding="utf-8")
    give(new, account)  # Airflow opens it to write
    new.replace(path)
