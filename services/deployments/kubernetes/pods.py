"""The pods of all our deployments as they are: listed once, then watched, from wherever a connection breaks off."""

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from services.deployments.contract import DeploymentId
from services.deployments.kubernetes.cluster import GONE, Cluster, Refused
from services.deployments.kubernetes.names import INSTALLATION
from services.deployments.kubernetes.objects import Pod
from shared.errors import AerodromeError, Unavailable
from shared.followers.failures import Backoff, describe
from shared.runtime.background import end_tasks

log = logging.getLogger(__name__)

_PATH: Final = "/api/v1/pods"
_WATCH_S: Final = 240
_LONGEST_PAUSE_S: Final = 30.0


class _Expired(Exception):
    """The cluster no longer knows what has changed since our version."""


@dataclass(slots=True)
class PodWatch:
    """Watches from the first `ready` to `stop`; `changed` counts up with every change."""

    cluster: Cluster
    installation: str
    first_pause_s: float = 0.2
    patience_s: float = 15.0
    changed: int = 0
    _pods: dict[str, Pod] = field(default_factory=dict[str, Pod])
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _task: asyncio.Task[None] | None = None
    _version: str = ""
    _out_since: float | None = None
    _error: str = ""

    async def ready(self) -> None:
        """Return when the pods are known."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="watch of pods")
        async with self._news:
            await self._news.wait_for(lambda: bool(self._version))

    async def after(self, seen: int) -> int:
        """Return the count once it is another than `seen`."""
        async with self._news:
            await self._news.wait_for(lambda: self.changed != seen)
            return self.changed

    def of(self, deployment_id: DeploymentId) -> Sequence[Pod]:
        """Return the pods of a deployment."""
        return [each for each in self._pods.values() if each.deployment_id == deployment_id]

    def all(self) -> Sequence[Pod]:
        """Return all pods."""
        return list(self._pods.values())

    def find(self, uid: str) -> Pod | None:
        """Return a pod as it is now, None once it is gone."""
        return self._pods.get(uid)

    def trouble(self) -> str:
        """Return why the pods are not known any more, "" where they are; a short break is none."""
        out = self._out_since
        if out is None or asyncio.get_running_loop().time() - out < self.patience_s:
            return ""
        return self._error

    async def stop(self) -> None:
        """Watch no more and forget everything."""
        if self._task:
            await end_tasks([self._task])
        self._task, self._version = None, ""
        self._pods.clear()

    async def _run(self) -> None:
        backoff = Backoff(first_s=self.first_pause_s, longest_s=_LONGEST_PAUSE_S)
        while True:
            try:
                if not self._version:
                    await self._list()
                await self._watch(backoff)
            except _Expired:
                self._version = ""
                log.info("pods are listed anew: the cluster has forgotten our version")
            except Exception as error:  # noqa: BLE001 -- the loop of a follower: told, then tried again
                self._is_out(error)
            await asyncio.sleep(backoff.next_s())

    async def _list(self) -> None:
        try:
            found, version = await self.cluster.list(_PATH, labelSelector=self._selector)
        except Refused as error:
            if error.status == GONE:
                raise _Expired from error
            raise
        pods = [Pod.model_validate(each) for each in found]
        self._pods = {each.metadata.uid: each for each in pods}
        self._version = version
        await self._tell()

    async def _watch(self, backoff: Backoff) -> None:
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "labelSelector": self._selector,
            "resourceVersion": self._version,
            "timeoutSeconds": str(_WATCH_S),
        }
        try:
            async with self.cluster.opened(_PATH, query) as lines:
                self._out_since = None
                backoff.reset()
                async for line in lines:
                    await self._take(json.loads(line))
        except Refused as error:
            if error.status == GONE:
                raise _Expired from error
            raise
        except ValueError as error:
            raise Unavailable("the cluster has broken off within an event") from error

    async def _take(self, event: dict[str, Any]) -> None:
        found: dict[str, Any] = event["object"]
        kind: str = event["type"]
        if kind == "ERROR":
            if found.get("code") == GONE:
                raise _Expired
            raise Unavailable(f"the watch has ended: {found.get('message')}")
        self._version = found["metadata"]["resourceVersion"]
        if kind == "BOOKMARK":
            return
        pod = Pod.model_validate(found)
        if kind == "DELETED":
            self._pods.pop(pod.metadata.uid, None)
        else:
            self._pods[pod.metadata.uid] = pod
        await self._tell()

    async def _tell(self) -> None:
        self._out_since = None
        async with self._news:
            self.changed += 1
            self._news.notify_all()

    def _is_out(self, error: Exception) -> None:
        self._error = error.text if isinstance(error, AerodromeError) else type(error).__name__
        if self._out_since is None:
            self._out_since = asyncio.get_running_loop().time()
            log.warning("pods can't be watched", extra={"error": describe(error)})

    @property
    def _selector(self) -> str:
        return f"tier=airflow,{INSTALLATION}={self.installation}"
