"""Follows what the pods of all deployments write, each from where it was last heard."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from services.deployments.contract import DeploymentId
from services.deployments.kubernetes.cluster import Cluster
from services.deployments.kubernetes.objects import Pod
from services.deployments.kubernetes.pods import PodWatch
from services.deployments.runner.components import OnOutput
from services.deployments.runner.versions import Part
from shared.clock import utc_now
from shared.errors import AerodromeError
from shared.followers.failures import Backoff
from shared.runtime.background import end_tasks

log = logging.getLogger(__name__)

MOST_FOLLOWED: Final = 500
"""So many pods are followed at once; tasks of KubernetesExecutor are pods too."""

LAST_LINES: Final = 20
_LONGEST_LINE: Final = 64 * 1024
_AGAIN_S: Final = 2.0
_PART_OF: Final = {
    "api-server": Part.API_SERVER,
    "webserver": Part.WEBSERVER,
    "scheduler": Part.SCHEDULER,
    "dag-processor": Part.DAG_PROCESSOR,
    "triggerer": Part.TRIGGERER,
    "worker": Part.WORKER,
}


@dataclass(slots=True, kw_only=True)
class LogFollower:
    """Passes lines on from its start; what was written before is not told again."""

    cluster: Cluster
    watch: PodWatch
    lines: Callable[[DeploymentId], OnOutput]
    first_pause_s: float = 0.5
    _since: datetime = field(default_factory=utc_now)
    _task: asyncio.Task[None] | None = None
    _followed: dict[str, asyncio.Task[None]] = field(default_factory=dict[str, asyncio.Task[None]])

    def start(self) -> None:
        """Begin to follow; it goes on until `stop`."""
        if self._task is None:
            self._since = utc_now()
            self._task = asyncio.create_task(self._run(), name="logs of pods")

    async def stop(self) -> None:
        """Follow no more."""
        tasks = [*self._followed.values(), *([self._task] if self._task else [])]
        self._task = None
        self._followed.clear()
        await end_tasks(tasks)

    async def _run(self) -> None:
        seen = -1
        while True:
            seen = await self.watch.after(seen)
            self._followed = {uid: task for uid, task in self._followed.items() if not task.done()}
            for pod in self.watch.all():
                uid = pod.metadata.uid
                if pod.component in _PART_OF and uid not in self._followed and len(self._followed) < MOST_FOLLOWED:
                    self._followed[uid] = asyncio.create_task(self._follow(uid), name=f"logs of {pod.metadata.name}")

    async def _follow(self, uid: str) -> None:
        """Follow one pod through the restarts of its main container until it is gone."""
        heard, told = _Heard(self._since), -1
        backoff = Backoff(first_s=self.first_pause_s, longest_s=30.0)
        seen = self.watch.changed
        while pod := self.watch.find(uid):
            main = pod.main
            if main is None or not main.has_logs or not (main.state.running or main.restart_count > told):
                seen = await self.watch.after(seen)
                continue
            try:
                await self._pass_on(pod, main.name, heard)
            except AerodromeError:
                await asyncio.sleep(backoff.next_s())
                continue
            backoff.reset()
            told = main.restart_count
            with suppress(TimeoutError):  # what has ended is soon seen to have; if not, it is heard again
                async with asyncio.timeout(_AGAIN_S):
                    seen = await self.watch.after(seen)

    async def _pass_on(self, pod: Pod, container: str, heard: "_Heard") -> None:
        take, part = self.lines(pod.deployment_id), _PART_OF[pod.component]
        query = {"container": container, "follow": "true", "timestamps": "true", "sinceTime": heard.since}
        async with self.cluster.opened(f"{pod.path}/log", query, longest=_LONGEST_LINE) as lines:
            is_new = heard.opened()
            async for line in lines:
                time, _, text = line.partition(b" ")
                if is_new(time):
                    take(part, text + b"\n")


class _Heard:
    """Up to which line a pod was heard; the cluster counts `sinceTime` in whole seconds, so it tells some again."""

    def __init__(self, since: datetime) -> None:
        self.since = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._last = b""
        self._of_last = 0

    def opened(self) -> Callable[[bytes], bool]:
        """Return what says of each line of a new stream, by its time, whether it was not heard yet."""
        last, again = self._last, self._of_last

        def is_new(time: bytes) -> bool:
            nonlocal again
            if time < last:
                return False
            if time == last and again:
                again -= 1
                return False
            self._of_last = self._of_last + 1 if time == self._last else 1
            self._last, self.since = time, f"{time[:19].decode(errors='replace')}Z"
            return True

        return is_new


async def last_lines(cluster: Cluster, pod: Pod, container: str, *, most: int = LAST_LINES) -> list[str]:
    """Return the last lines of a container, of its life before if it waits to be started again."""
    status = next((each for each in pod.status.container_statuses if each.name == container), None)
    waits = status is not None and status.state.waiting is not None
    previous = {"previous": "true"} if waits and status and status.restart_count else {}
    query = {"container": container, "tailLines": str(most), **previous}
    try:
        async with cluster.opened(f"{pod.path}/log", query, longest=_LONGEST_LINE) as lines:
            found = [line.decode(errors="replace") async for line in lines]
    except AerodromeError:
        return []
    return found[-most:]
