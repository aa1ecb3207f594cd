"""What is wrong with the pods of a deployment; pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from services.deployments.kubernetes.objects import ContainerStatus, Pod
from services.deployments.kubernetes.release import Expected
from services.deployments.kubernetes.values import REDIS

MIGRATION: Final = "run-airflow-migrations"
USER: Final = "create-user-job"

_BROKEN: Final = frozenset(
    {"CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull", "ErrImageNeverPull", "InvalidImageName"}
    | {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}
)
"""Why a container waits for somebody to do something, not for time to pass."""

_MOST_TOLD: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """Something that is wrong. `broken`: it will hardly mend itself; `container` of `pod` may have said why."""

    component: str
    text: str
    broken: bool = False
    pod: Pod | None = None
    container: str = ""

    def __str__(self) -> str:
        return f"{self.component}: {self.text}"


def complaints(expected: Expected, pods: Collection[Pod]) -> list[Complaint]:
    """Return what keeps a deployment from being as it shall be; nothing: it is."""
    found: list[Complaint] = []
    for component, wanted in expected.replicas.items():
        ours = [each for each in pods if _is_of(each, component, expected.digest)]
        ready = sum(each.is_ready for each in ours)
        if ready < wanted:
            missing = [_complaint(each) for each in ours if not each.is_ready]
            counted = Complaint(component=component, text=f"{ready} of {wanted} pods are ready")
            found += missing or [counted]
    return [*_of_jobs(expected, pods), *found] if found else []


def left(expected: Iterable[str], pods: Collection[Pod]) -> list[Pod]:
    """Return the pods of these components that are there, ready or not."""
    components = set(expected)
    return [each for each in pods if each.component in components]


def _is_of(pod: Pod, component: str, digest: str) -> bool:
    return pod.component == component and not pod.leaves and (component == REDIS or pod.digest == digest)


def _of_jobs(expected: Expected, pods: Collection[Pod]) -> list[Complaint]:
    """Return what is wrong with the chart's jobs: components wait for the migration."""
    jobs = [each for each in pods if each.component in {MIGRATION, USER} and each.digest == expected.digest]
    return [complaint for each in jobs if (complaint := _complaint(each)).broken or each.status.phase == "Failed"]


def _complaint(pod: Pod) -> Complaint:
    for status in (*pod.status.init_container_statuses, *pod.status.container_statuses):
        if said := _of_container(status):
            text, broken = said
            return Complaint(component=pod.component, text=text, broken=broken, pod=pod, container=status.name)
    for condition in pod.status.conditions:
        if condition.type == "PodScheduled" and condition.status == "False":
            said_why = f"can't be scheduled: {condition.message or condition.reason}"[:_MOST_TOLD]
            return Complaint(component=pod.component, text=said_why, pod=pod)
    doing = "is not ready" if pod.status.phase == "Running" else f"is {pod.status.phase.lower()}"
    main = pod.main
    return Complaint(component=pod.component, text=doing, pod=pod, container=main.name if main else "")


def _of_container(status: ContainerStatus) -> tuple[str, bool] | None:
    if (waiting := status.state.waiting) and waiting.reason in _BROKEN:
        ended = status.last_state.terminated
        after = f" after exit status {ended.exit_code}{_because(ended.reason)}" if ended else ""
        told = f": {waiting.message}" if waiting.message and not ended else ""
        return f"{waiting.reason}{after}{told}"[:_MOST_TOLD], True
    if (ended := status.state.terminated) and ended.exit_code:
        return f"has ended with {ended.exit_code}{_because(ended.reason)}", False
    return None


def _because(reason: str) -> str:
    return f" ({reason})" if reason and reason != "Error" else ""
