"""One component of an Airflow: kept running under the shim, started again with backoff, its lines passed on."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from services.deployments.drivers.protocol import StepFailed
from services.deployments.runner.processes import KILL_NOW, MARK, Command, end, output_of, start_shimmed
from services.deployments.runner.sweep import end_orphans
from services.deployments.runner.versions import Part
from shared.clock import utc_now
from shared.followers.failures import Backoff
from shared.runtime.background import end_tasks

log = logging.getLogger(__name__)

OnOutput = Callable[[Part, bytes], None]
"""Takes what a component writes as it comes, lines or parts of lines; it must neither wait nor raise."""

_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 60.0
_STEADY_S: Final = 120.0
"""After so long a life, the next end is the first again."""

_AFTER_GRACE_S: Final = 15.0
_LOOK_S: Final = 0.1


class PartState(StrEnum):
    """What a component does now."""

    STOPPED = "STOPPED"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    BACKOFF = "BACKOFF"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartStatus:
    """A component as it is: `pid` (of its shim) and `started_at` while it runs.

    `restarts`: how often it was started again; `last_exit`: the status of its last end, 128 + n for signal n.
    """

    part: Part
    state: PartState
    pid: int | None
    started_at: datetime | None
    restarts: int
    last_exit: int | None


@dataclass(slots=True, kw_only=True)
class Component:
    """Keeps one component running from `start` to `stop`."""

    part: Part
    command: Command
    on_output: OnOutput
    grace_s: float
    _state: PartState = PartState.STOPPED
    _process: asyncio.subprocess.Process | None = None
    _started_at: datetime | None = None
    _restarts: int = 0
    _last_exit: int | None = None
    _stopping: bool = False
    _task: asyncio.Task[None] | None = None
    _backoff: Backoff = field(default_factory=lambda: Backoff(first_s=_FIRST_PAUSE_S, longest_s=_LONGEST_PAUSE_S))

    def start(self) -> None:
        """Begin to keep it running."""
        self._task = asyncio.create_task(self._keep(), name=f"airflow {self.part}")

    def status(self) -> PartStatus:
        """Return what it does now."""
        process = self._process
        return PartStatus(
            part=self.part,
            state=self._state,
            pid=process.pid if process else None,
            started_at=self._started_at if process else None,
            restarts=self._restarts,
            last_exit=self._last_exit,
        )

    def restart(self) -> None:
        """Have its whole tree end within the grace; it is then started again like after a crash."""
        if self._process and self._process.returncode is None:
            self._process.terminate()

    async def stop(self, *, within_s: float | None = None) -> None:
        """Let it end within the grace, or within `within_s`, then kill what is left; returns when nothing is."""
        self._stopping = True
        if self._task is None:
            return
        if self._process:
            self.restart()
            _, left = await asyncio.wait([self._task], timeout=self.grace_s if within_s is None else within_s)
            if left:
                self._kill()
                await asyncio.wait([self._task], timeout=_AFTER_GRACE_S)
        await end_tasks([self._task])

    def _kill(self) -> None:
        if self._process and self._process.returncode is None:
            self._process.send_signal(KILL_NOW)

    async def _keep(self) -> None:
        try:
            while not self._stopping:
                await self._once()
        finally:
            self._state = PartState.STOPPED

    async def _once(self) -> None:
        clock = asyncio.get_running_loop()
        began = clock.time()
        try:
            self._last_exit = await self._run()
        except StepFailed as error:
            log.warning("component can't be started", extra={"component": self.part, "error": error.text})
        if self._stopping:
            return
        if clock.time() - began > _STEADY_S:
            self._backoff.reset()
        self._restarts += 1
        self._state = PartState.BACKOFF
        pause_s = self._backoff.next_s()
        told = {"component": self.part, "status": self._last_exit, "restarts": self._restarts, "pause_s": pause_s}
        log.warning("component ended and is started again", extra=told)
        await asyncio.sleep(pause_s)

    async def _run(self) -> int:
        self._state, self._started_at = PartState.STARTING, utc_now()
        process = await start_shimmed(self.command, grace_s=self.grace_s)
        self._state, self._process = PartState.RUNNING, process
        reading = asyncio.create_task(self._pass_on(process), name=f"lines of {self.part}")
        try:
            # Its lines end with its whole tree, which outlives a shim that was killed.
            while process.returncode is None:  # noqa: ASYNC110 -- `wait` waits for the lines too
                await asyncio.sleep(_LOOK_S)
            if process.returncode < 0:
                await asyncio.to_thread(end_orphans, self.command.environment.get(MARK, ""))
            await reading
            return process.returncode
        finally:
            await end(process, within_s=self.grace_s + _AFTER_GRACE_S)
            await end_tasks([reading])
            self._process = None

    async def _pass_on(self, process: asyncio.subprocess.Process) -> None:
        async for written in output_of(process):
            self.on_output(self.part, written)
