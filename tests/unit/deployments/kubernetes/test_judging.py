"""What is said of pods, by what the cluster tells of them."""

from typing import Any

from services.deployments.kubernetes.judging import complaints
from services.deployments.kubernetes.objects import Pod
from services.deployments.kubernetes.release import Expected
from tests.cluster.pods import Fate, fated
from tests.unit.deployments.kubernetes.specs import release

PLACE = release().place
ONE = Expected(place=PLACE, digest="now", replicas={"scheduler": 1})


def pod(component: str = "scheduler", fate: Fate = Fate.READY, *, digest: str = "now", leaves: bool = False) -> Pod:
    metadata: dict[str, Any] = {
        "name": f"p-{component}",
        "uid": f"{component}-{digest}-{fate.value}",
        "labels": {"component": component},
        "annotations": {"aerodrome/digest": digest},
        "deletionTimestamp": "2026-01-01T00:00:00Z" if leaves else None,
    }
    return Pod.model_validate(fated({"metadata": metadata}, fate))


def said(*pods: Pod, expected: Expected = ONE) -> list[str]:
    return [str(each) for each in complaints(expected, pods)]


def test_ready_pods_are_enough() -> None:
    assert said(pod()) == []


def test_pods_of_an_earlier_specification_do_not_count() -> None:
    assert said(pod(digest="before")) == ["scheduler: 0 of 1 pods are ready"]
    assert said(pod(digest="before"), pod(fate=Fate.SLOW)) == ["scheduler: is pending"]


def test_pods_that_leave_do_not_count() -> None:
    assert said(pod(leaves=True)) == ["scheduler: 0 of 1 pods are ready"]


def test_one_more_pod_that_is_not_ready_is_no_trouble() -> None:
    assert said(pod(), pod(fate=Fate.CRASHES)) == []


def test_the_broker_is_not_asked_for_its_specification() -> None:
    assert said(pod("redis", digest=""), expected=Expected(place=PLACE, digest="now", replicas={"redis": 1})) == []


def test_each_trouble_has_its_words() -> None:
    assert said(pod(fate=Fate.CRASHES)) == ["scheduler: CrashLoopBackOff after exit status 1"]
    assert said(pod(fate=Fate.NO_IMAGE)) == ['scheduler: ImagePullBackOff: Back-off pulling image "no/such:1"']
    assert said(pod(fate=Fate.NO_NODE)) == [
        "scheduler: can't be scheduled: 0/3 nodes are available: 3 Insufficient memory."
    ]


def test_a_failing_migration_is_told_before_those_who_wait_for_it() -> None:
    migration = pod("run-airflow-migrations", Fate.CRASHES)
    found = complaints(ONE, [pod(fate=Fate.SLOW), migration])
    assert [(each.component, each.broken) for each in found] == [("run-airflow-migrations", True), ("scheduler", False)]
    assert complaints(ONE, [pod(), migration]) == []


def test_a_container_that_has_ended_says_how() -> None:
    status = {"name": "scheduler", "state": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}
    ended = Pod.model_validate({**pod().model_dump(by_alias=True), "status": {"containerStatuses": [status]}})
    assert said(ended) == ["scheduler: has ended with 137 (OOMKilled)"]
