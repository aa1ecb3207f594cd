"""What is waited for and what is said while pods of a deployment are not as they shall be."""

import asyncio

import pytest

from services.deployments.drivers.protocol import Specification, StepFailed
from services.deployments.kubernetes.driver import KubernetesDriver, Patience
from tests.cluster.api import FakeCluster
from tests.cluster.driver import driver_on
from tests.cluster.pods import Fate
from tests.cluster.specs import SECRET, specification
from tests.integration.deployments.service import until
from tests.servers import PostgresForTests


async def test_it_waits_for_slow_pods(cluster: FakeCluster, driver: KubernetesDriver) -> None:
    cluster.fates["scheduler"] = Fate.SLOW
    wanted = specification()
    applying = asyncio.create_task(driver.apply(wanted))
    await until(lambda: _observes(driver, wanted, ["scheduler: is pending"]))
    assert not applying.done()
    await cluster.turn("scheduler", Fate.READY)
    await applying
    assert await driver.observe(wanted.deployment_id) == []


async def _has_pods(cluster: FakeCluster) -> bool:
    return any("triggerer" in name for name in cluster.pods()) and any("scheduler" in name for name in cluster.pods())


async def test_a_crash_loop_is_told_with_its_last_lines(cluster: FakeCluster, driver: KubernetesDriver) -> None:
    wanted = specification()
    cluster.fates["scheduler"] = Fate.CRASHES
    applying = asyncio.create_task(driver.apply(wanted))
    await until(lambda: _has_pods(cluster))
    pod = next(name for name in cluster.pods() if "scheduler" in name)
    await cluster.say(pod, f"could not log in with {SECRET}", second=1)

    with pytest.raises(StepFailed) as failed:
        await applying

    assert failed.value.step == "start scheduler"
    assert failed.value.why == "CrashLoopBackOff after exit status 1"
    assert failed.value.lines == ("could not log in with ***",)
    complaint = "scheduler: CrashLoopBackOff after exit status 1; could not log in with ***"
    assert await driver.observe(wanted.deployment_id) == [complaint]
    await cluster.turn("scheduler", Fate.READY)
    await driver.apply(wanted)
    assert await driver.observe(wanted.deployment_id) == []


@pytest.mark.parametrize(
    ("fate", "said"),
    [
        (Fate.NO_IMAGE, 'worker: ImagePullBackOff: Back-off pulling image "no/such:1"'),
        (Fate.NO_NODE, "worker: can't be scheduled: 0/3 nodes are available: 3 Insufficient memory."),
        (Fate.SLOW, "worker: is pending"),
    ],
)
async def test_what_goes_wrong_later_is_observed(
    cluster: FakeCluster, driver: KubernetesDriver, fate: Fate, said: str
) -> None:
    wanted = specification()
    await driver.apply(wanted)
    await cluster.turn("worker", fate)
    await until(lambda: _observes(driver, wanted, [said]))
    await cluster.turn("worker", Fate.READY)
    await until(lambda: _observes(driver, wanted, []))


async def _observes(driver: KubernetesDriver, wanted: Specification, said: list[str]) -> bool:
    return list(await driver.observe(wanted.deployment_id)) == said


async def test_a_start_that_takes_too_long_fails(cluster: FakeCluster, postgres_server: PostgresForTests) -> None:
    driver = driver_on(cluster, postgres_server.server.dsn(), patience=Patience(start_s=0.3))
    cluster.fates["triggerer"] = Fate.SLOW
    wanted = specification()
    with pytest.raises(StepFailed, match="start triggerer is pending"):
        await driver.apply(wanted)
    assert await driver.delete(wanted.deployment_id) == []
    await driver.stop()


async def test_a_cluster_that_is_away_is_a_complaint_until_it_is_back(
    cluster: FakeCluster, driver: KubernetesDriver
) -> None:
    driver.watch.patience_s = 0
    wanted = specification()
    await driver.apply(wanted)
    cluster.refused["GET", "/api/v1/pods"] = 503
    await cluster.break_off()
    await until(lambda: _observes(driver, wanted, ["the cluster has answered 503: refused by the test"]))
    cluster.refused.clear()
    await until(lambda: _observes(driver, wanted, []))
