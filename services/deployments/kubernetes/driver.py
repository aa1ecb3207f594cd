"""The driver `kubernetes`: what is up stays up when this process ends; it is seen to by watching its pods."""

import asyncio
import json
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from services.deployments.contract import DeploymentId, Executor, JsonObject
from services.deployments.drivers.offers import KUBERNETES
from services.deployments.drivers.protocol import Capabilities, Specification, StepFailed
from services.deployments.kubernetes.cluster import Cluster, step
from services.deployments.kubernetes.databases import ClusterDatabases
from services.deployments.kubernetes.helm import Helm
from services.deployments.kubernetes.judging import Complaint, complaints, left
from services.deployments.kubernetes.logs import LogFollower, last_lines
from services.deployments.kubernetes.names import DEPLOYMENT, INSTALLATION, OWNER, RELEASE, Place
from services.deployments.kubernetes.objects import Metadata
from services.deployments.kubernetes.pods import PodWatch
from services.deployments.kubernetes.release import (
    Expected,
    Release,
    namespace_object,
    note_object,
    options_of,
    release_of,
    secret_object,
)
from services.deployments.kubernetes.values import VALUE_OF, WORKER, asleep
from services.deployments.runner.components import OnOutput

log = logging.getLogger(__name__)

_NAMESPACES: Final = "/api/v1/namespaces"
_AWAKE: Final = "awake"
_ASLEEP: Final = "asleep"
_MOST_HELMS: Final = 2
_LOOK_S: Final = 0.5
_AFTER_GRACE_S: Final = 60.0
_TOLD_LINES: Final = 3
_LEAVING_S: Final = 5
"""The grace of pods whose deployment is deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long is waited: for a start, for what is broken to mend itself, for a namespace to go."""

    start_s: float = 900.0
    broken_s: float = 120.0
    gone_s: float = 300.0


@dataclass(slots=True, kw_only=True)
class KubernetesDriver:
    """`lines` takes what components write; `installation` marks what is ours in the cluster."""

    cluster: Cluster
    helm: Helm
    databases: ClusterDatabases
    installation: str
    lines: Callable[[DeploymentId], OnOutput]
    patience: Patience = Patience()
    name: str = "kubernetes"
    capabilities: Capabilities = KUBERNETES
    watch: PodWatch = field(init=False)
    _follower: LogFollower = field(init=False)
    _expected: dict[DeploymentId, Expected] = field(default_factory=dict[DeploymentId, Expected])
    _said: dict[str, str] = field(default_factory=dict[str, str])
    _helms: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_MOST_HELMS))

    def __post_init__(self) -> None:
        self.watch = PodWatch(self.cluster, self.installation)
        self._follower = LogFollower(cluster=self.cluster, watch=self.watch, lines=self.lines)

    async def apply(self, specification: Specification) -> str:
        """Make namespace, database and Secrets, have helm do its work, and return the door when all pods are ready."""
        release = self._release(specification)
        await self._watched()
        await self._make_namespace(release.place)
        await self.databases.ensure(specification.deployment_id, specification.secrets.database_password)
        with step("write the Secrets"):
            for name, texts in release.secrets.items():
                path = f"{release.place.path}/secrets/{name}"
                await self.cluster.apply(path, secret_object(release.place, name, texts))
        self._expected[specification.deployment_id] = release.expected
        await self._bring(release.place, release.values, _AWAKE, release.expected.blotted)
        try:
            await self._until_ready(release.expected)
        except StepFailed:  # what somebody has taken out of the cluster comes back by the next try
            await self._note(release.place, release.values, "")
            raise
        return release.endpoint

    async def observe(self, deployment_id: DeploymentId) -> Sequence[str]:
        """Return what keeps its pods from being ready, and what those that crash have said last."""
        expected = self._expected.get(deployment_id)
        if expected is None:
            return ("it was not applied",)
        if trouble := self.watch.trouble():
            return (trouble,)
        found = complaints(expected, self.watch.of(deployment_id))
        return [f"{each}{await self._last_words(each, expected)}" for each in found]

    async def hibernate(self, deployment_id: DeploymentId) -> None:
        """Have the chart run no pods and return when they are gone; the rest of the namespace and the database stay."""
        self._expected.pop(deployment_id, None)
        place, note = await self._find(deployment_id)
        if place is None or note is None:
            return
        await self._watched()
        values = _values_of(note)
        await self._bring(place, asleep(values), _ASLEEP, (), note=values)
        if values["executor"] == Executor.KUBERNETES:  # its tasks are pods that belong to nothing
            with step("stop the tasks"):
                for pod in left((WORKER,), self.watch.of(deployment_id)):
                    await self.cluster.delete(pod.path)
        await self._until_gone(deployment_id)

    async def delete(self, deployment_id: DeploymentId) -> Sequence[str]:
        """Uninstall, delete the namespace with all in it, and drop database and role."""
        self._expected.pop(deployment_id, None)
        remains: list[str] = []
        place, _ = await self._find(deployment_id)
        if place is not None:
            async with self._helms:
                await self.helm.uninstall(place)
            with step("delete the namespace"):
                pods, _ = await self.cluster.list(f"{place.path}/pods")
                for pod in pods:  # a worker's own grace may be hours
                    await self.cluster.delete(f"{place.path}/pods/{_metadata(pod).name}", grace_s=_LEAVING_S)
                await self.cluster.delete(place.path)
            remains = await self._until_removed(place)
        await self.databases.drop(deployment_id)
        return remains

    async def list_managed(self) -> Collection[DeploymentId]:
        """Return whoever has a namespace, a database or a role."""
        found = {each.deployment_id for each in await self._places()}
        return found | await self.databases.list_managed()

    async def stop(self) -> None:
        """Watch and follow no more; what runs in the cluster goes on."""
        self._expected.clear()
        self._said.clear()
        await self._follower.stop()
        await self.watch.stop()
        await self.cluster.close()

    def _release(self, specification: Specification) -> Release:
        address = self.databases.address(specification.deployment_id)
        return release_of(specification, self.installation, address, options_of(self.databases.url))

    async def _watched(self) -> None:
        self._follower.start()
        await self.watch.ready()

    async def _make_namespace(self, place: Place) -> None:
        with step("make the namespace"):
            present = await self.cluster.find(place.path)
            if present is None or _is_of(present, place):
                await self.cluster.apply(place.path, namespace_object(place))
                return
        why = "is being deleted" if _metadata(present).deletion_timestamp else "is there and is not ours"
        raise StepFailed("make the namespace", f"failed: {place.namespace} {why}", ())

    async def _bring(
        self, place: Place, values: JsonObject, goal: str, blotted: Collection[str], *, note: JsonObject | None = None
    ) -> None:
        """Have helm do what was not done yet; `note` are the values to come back to where they are others."""
        kept = values if note is None else note
        with step("read what was done"):
            present = await self.cluster.find(_note_path(place))
        done = f"{goal} {self.helm.chart.words}"
        if present and _data(present) == {"values": json.dumps(kept), "done": done}:
            return
        await self._note(place, kept, "")
        async with self._helms:
            await self.helm.upgrade(place, values, blotted)
        await self._note(place, kept, done)
        log.info("helm has upgraded", extra={"deployment": place.deployment_id, "goal": goal})

    async def _note(self, place: Place, values: JsonObject, done: str) -> None:
        with step("note what is done"):
            await self.cluster.apply(_note_path(place), note_object(place, values=values, done=done))

    async def _until_ready(self, expected: Expected) -> None:
        clock = asyncio.get_running_loop()
        ends, broken_since = clock.time() + self.patience.start_s, clock.time()
        found: list[Complaint] = []
        seen = -1
        while found := complaints(expected, self.watch.of(expected.place.deployment_id)):
            if not any(each.broken for each in found):
                broken_since = clock.time()
            if clock.time() >= min(ends, broken_since + self.patience.broken_s):
                break
            try:
                async with asyncio.timeout_at(min(ends, broken_since + self.patience.broken_s)):
                    seen = await self.watch.after(seen)
            except TimeoutError:
                continue
        if found:
            raise await self._failed(found, expected)

    async def _failed(self, found: Sequence[Complaint], expected: Expected) -> StepFailed:
        """Return the failure of the worst component, with its last lines."""
        worst = next((each for each in found if each.broken), found[0])
        lines: list[str] = []
        if worst.pod and worst.container:
            lines = await last_lines(self.cluster, worst.pod, worst.container)
        others = [str(each) for each in found if each is not worst]
        return StepFailed(f"start {worst.component}", worst.text, [*others, *_blotted(lines, expected)])

    async def _last_words(self, complaint: Complaint, expected: Expected) -> str:
        """Return what the container of a complaint said last; asked once for every end of it."""
        pod = complaint.pod
        if pod is None or not complaint.broken or not complaint.container:
            return ""
        statuses = (*pod.status.init_container_statuses, *pod.status.container_statuses)
        restarts = sum(each.restart_count for each in statuses)
        if restarts == 0:
            return ""
        key = f"{pod.metadata.uid}/{restarts}"
        if key not in self._said:
            lines = await last_lines(self.cluster, pod, complaint.container, most=_TOLD_LINES)
            self._said = {each: said for each, said in self._said.items() if self.watch.find(each.partition("/")[0])}
            self._said[key] = "".join(f"; {line}" for line in _blotted(lines, expected))
        return self._said[key]

    async def _until_gone(self, deployment_id: DeploymentId) -> None:
        """Return when no pod of a component is left; each has its grace."""
        seen = -1
        pods = left(VALUE_OF, self.watch.of(deployment_id))
        grace_s = max((each.spec.termination_grace_period_seconds for each in pods), default=0) + _AFTER_GRACE_S
        try:
            async with asyncio.timeout(grace_s):
                while pods := left(VALUE_OF, self.watch.of(deployment_id)):
                    seen = await self.watch.after(seen)
        except TimeoutError:
            names = [each.metadata.name for each in pods]
            raise StepFailed("stop", f"has left pods after {grace_s:g} s", names) from None

    async def _until_removed(self, place: Place) -> list[str]:
        try:
            async with asyncio.timeout(self.patience.gone_s):
                while await self.cluster.find(place.path):  # noqa: ASYNC110 -- it tells no event
                    await asyncio.sleep(_LOOK_S)
        except TimeoutError:
            return [f"namespace {place.namespace}"]
        return []

    async def _find(self, deployment_id: DeploymentId) -> tuple[Place | None, JsonObject | None]:
        """Return where a deployment is and what was noted of it."""
        with step("find the namespace"):
            places = await self._places(f",{DEPLOYMENT}={deployment_id}")
            if not places:
                return None, None
            return places[0], await self.cluster.find(_note_path(places[0]))

    async def _places(self, more: str = "") -> list[Place]:
        found, _ = await self.cluster.list(_NAMESPACES, labelSelector=f"{INSTALLATION}={self.installation}{more}")
        labels = [_metadata(each).labels for each in found]
        return [Place(self.installation, DeploymentId(each[DEPLOYMENT]), each[RELEASE]) for each in labels]


def _note_path(place: Place) -> str:
    return f"{place.path}/configmaps/{OWNER}"


def _is_of(present: JsonObject, place: Place) -> bool:
    metadata = _metadata(present)
    return metadata.labels.items() >= place.labels.items() and metadata.deletion_timestamp is None


def _metadata(found: JsonObject) -> Metadata:
    return Metadata.model_validate(found["metadata"])


def _data(found: JsonObject) -> Mapping[str, str]:
    data = found.get("data")
    return {key: str(value) for key, value in data.items()} if isinstance(data, dict) else {}


def _values_of(note: JsonObject) -> JsonObject:
    values: JsonObject = json.loads(_data(note)["values"])
    return values


def _blotted(lines: Sequence[str], expected: Expected) -> list[str]:
    told = list(lines)
    for secret in expected.blotted:
        told = [line.replace(secret, "***") for line in told]
    return told
