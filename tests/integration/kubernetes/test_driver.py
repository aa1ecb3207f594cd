"""The driver `kubernetes` on a cluster of tests: what helm is given, and what is waited for, told and cleared away."""

import asyncio
import base64
import json
from dataclasses import replace

import asyncpg
import pytest

from services.deployments.contract import Executor
from services.deployments.drivers.protocol import Specification, StepFailed
from services.deployments.kubernetes.driver import KubernetesDriver
from shared.errors import Unavailable
from tests.cluster.api import FakeCluster
from tests.cluster.driver import INSTALLATION, driver_on, helm_calls
from tests.cluster.specs import SECRET, specification
from tests.integration.deployments.service import until
from tests.servers import PostgresForTests


def secrets_of(cluster: FakeCluster, wanted: Specification) -> dict[str, dict[str, str]]:
    found = cluster.below(f"/api/v1/namespaces/aerodrome-{wanted.release_name}/", "secrets")
    return {
        name: {key: base64.b64decode(value).decode() for key, value in each["data"].items()}
        for name, each in found.items()
        if name.startswith("aerodrome-")
    }


async def test_all_is_made_and_the_door_is_told(cluster: FakeCluster, driver: KubernetesDriver) -> None:
    wanted = specification()
    name = wanted.release_name

    door = await driver.apply(wanted)

    assert door == f"http://{name}-api-server.aerodrome-{name}.svc:8080"
    namespace = cluster.objects[f"/api/v1/namespaces/aerodrome-{name}"]
    assert namespace["metadata"]["labels"] == {
        "aerodrome/installation": INSTALLATION,
        "aerodrome/deployment": wanted.deployment_id,
        "aerodrome/release": name,
    }
    [call] = helm_calls(cluster)
    assert call["words"][:3] == ["upgrade", "--install", name]
    assert "--wait" not in call["words"]
    assert call["words"][3:8] == ["airflow", "--repo", "https://charts.example.com", "--version", "1.22.0"]
    components = {each["metadata"]["labels"]["component"] for each in cluster.pods().values()}
    assert components >= {"scheduler", "api-server", "dag-processor", "triggerer", "worker", "redis"}
    assert await driver.observe(wanted.deployment_id) == []


async def test_the_deployment_reaches_its_database_with_what_its_secret_says(
    cluster: FakeCluster, driver: KubernetesDriver
) -> None:
    wanted = specification()
    await driver.apply(wanted)

    connection = await asyncpg.connect(secrets_of(cluster, wanted)["aerodrome-keys"]["connection"])
    try:
        await connection.execute("create table dag (id int)")
    finally:
        await connection.close()


async def test_secrets_are_in_secrets_alone(
    cluster: FakeCluster, driver: KubernetesDriver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    wanted = specification()
    await driver.apply(wanted)
    await driver.hibernate(wanted.deployment_id)

    all_of_them = (*wanted.secrets.all(), SECRET)
    calls = (cluster.folder / "helm.calls").read_text()
    others = "".join(body for _, path, body in cluster.asked if "/secrets/" not in path)
    for secret in all_of_them:
        for place in (calls, others, caplog.text):
            assert secret not in place
            assert base64.b64encode(secret.encode()).decode() not in place
    found = secrets_of(cluster, wanted)
    assert found["aerodrome-environment"]["API_KEY"] == SECRET
    assert found["aerodrome-admin"] == {"password": wanted.secrets.admin_password}
    assert found["aerodrome-keys"]["fernet-key"] == wanted.secrets.fernet_key
    assert not [key for call in helm_calls(cluster) for key in call["environment"] if key.startswith("AERODROME_")]


async def test_what_runs_and_is_the_same_goes_on_without_helm(
    cluster: FakeCluster, driver: KubernetesDriver, postgres_server: PostgresForTests
) -> None:
    wanted = specification()
    await driver.apply(wanted)
    before = set(cluster.pods())
    await driver.apply(wanted)
    await driver.stop()
    after_a_restart = driver_on(cluster, postgres_server.server.dsn())
    await after_a_restart.apply(wanted)
    await after_a_restart.stop()
    assert (set(cluster.pods()), len(helm_calls(cluster))) == (before, 1)


async def test_a_changed_secret_makes_new_pods(cluster: FakeCluster, driver: KubernetesDriver) -> None:
    wanted = specification()
    await driver.apply(wanted)
    before = set(cluster.pods())
    await driver.apply(replace(wanted, env={"API_KEY": "another"}))
    assert before.isdisjoint(set(cluster.pods()))
    assert secrets_of(cluster, wanted)["aerodrome-environment"]["API_KEY"] == "another"


async def test_more_workers_leave_the_others_running(cluster: FakeCluster, driver: KubernetesDriver) -> None:
    wanted = specification()
    await driver.apply(wanted)
    before = set(cluster.pods())
    await driver.apply(replace(wanted, config={"workers": {"replicas": 3}}))
    assert len(set(cluster.pods()) - before) == 2
    assert before < set(cluster.pods())


async def test_helm_s_last_words_are_told(cluster: FakeCluster, driver: KubernetesDriver) -> None:
    wanted = specification()
    (cluster.folder / "helm.fails").write_text(f"no such chart {wanted.secrets.admin_password}")
    with pytest.raises(StepFailed) as failed:
        await driver.apply(wanted)
    assert (failed.value.step, failed.value.why) == ("helm upgrade", "ended with 1")
    assert failed.value.lines == ("Error: no such chart ***",)
    (cluster.folder / "helm.fails").unlink()
    await driver.apply(wanted)


async def test_what_a_killed_helm_has_locked_goes_on(cluster: FakeCluster, driver: KubernetesDriver) -> None:
    wanted = specification()
    (cluster.folder / "helm.hangs").touch()
    applying = asyncio.create_task(driver.apply(wanted))
    await until(lambda: _is_there(cluster, "helm.hung"))
    applying.cancel()
    await asyncio.wait({applying})
    assert list(await driver.list_managed()) == [wanted.deployment_id]
    (cluster.folder / "helm.hangs").unlink()
    await driver.apply(wanted)
    assert await driver.observe(wanted.deployment_id) == []


async def _is_there(cluster: FakeCluster, name: str) -> bool:
    return (cluster.folder / name).exists()


async def test_a_sleeping_one_has_no_pods_and_keeps_everything_else(
    cluster: FakeCluster, driver: KubernetesDriver
) -> None:
    wanted = specification()
    await driver.apply(wanted)
    kept = secrets_of(cluster, wanted)
    cluster.lingering = True
    sleeping = asyncio.create_task(driver.hibernate(wanted.deployment_id))
    await until(lambda: _has_called(cluster, 2))
    assert not sleeping.done()
    await cluster.leave()
    await sleeping
    assert (cluster.pods(), secrets_of(cluster, wanted)) == ({}, kept)
    await driver.hibernate(wanted.deployment_id)
    assert len(helm_calls(cluster)) == 2
    await driver.apply(wanted)
    assert await driver.observe(wanted.deployment_id) == []


async def _has_called(cluster: FakeCluster, times: int) -> bool:
    return len(helm_calls(cluster)) == times and any(
        "deletionTimestamp" in each["metadata"] for each in cluster.pods().values()
    )


async def test_a_namespace_that_will_not_go_is_left(cluster: FakeCluster, driver: KubernetesDriver) -> None:
    wanted = specification()
    await driver.apply(wanted)
    cluster.stuck = True
    assert await driver.delete(wanted.deployment_id) == [f"namespace aerodrome-{wanted.release_name}"]
    with pytest.raises(StepFailed, match="is being deleted"):
        await driver.apply(wanted)
    cluster.stuck = False
    assert await driver.delete(wanted.deployment_id) == []
    assert await driver.list_managed() == set()
    assert cluster.objects == {}


async def test_somebody_else_s_namespace_is_left_alone(cluster: FakeCluster, driver: KubernetesDriver) -> None:
    wanted = specification()
    path = f"/api/v1/namespaces/aerodrome-{wanted.release_name}"
    theirs = await cluster.put(path, {"metadata": {"labels": {"team": "theirs"}}})
    with pytest.raises(StepFailed, match="is there and is not ours"):
        await driver.apply(wanted)
    assert await driver.delete(wanted.deployment_id) == []
    assert cluster.objects == {path: theirs}


async def test_another_installation_s_deployments_are_not_seen(
    cluster: FakeCluster, driver: KubernetesDriver, postgres_server: PostgresForTests
) -> None:
    other = driver_on(cluster, postgres_server.server.dsn(), installation="another")
    theirs = specification()
    await other.apply(theirs)
    assert await driver.list_managed() == set()
    assert await driver.delete(theirs.deployment_id) == []
    assert await other.observe(theirs.deployment_id) == []
    assert await other.delete(theirs.deployment_id) == []
    await other.stop()


async def test_what_the_cluster_refuses_is_told(cluster: FakeCluster, driver: KubernetesDriver) -> None:
    cluster.refused[("PATCH", "/secrets/")] = 403
    with pytest.raises(StepFailed, match="write the Secrets failed: the cluster has answered 403: refused by the test"):
        await driver.apply(specification())


async def test_a_cluster_that_is_away_is_no_failed_step(cluster: FakeCluster, driver: KubernetesDriver) -> None:
    cluster.refused[("PATCH", "/secrets/")] = 503
    with pytest.raises(Unavailable) as failed:
        await driver.apply(specification())
    assert not isinstance(failed.value, StepFailed)


async def test_credentials_are_read_anew_once_they_are_refused(cluster: FakeCluster, driver: KubernetesDriver) -> None:
    await driver.apply(specification())
    cluster.token = "the next token"
    cluster.write_kubeconfig()
    await driver.apply(specification())


async def test_what_this_driver_does_not_do_is_refused(driver: KubernetesDriver) -> None:
    with pytest.raises(StepFailed, match=r"airflow 2\.9\.3 is older than 2\.10"):
        await driver.apply(specification(airflow_version="2.9.3"))
    with pytest.raises(StepFailed, match="on kubernetes they come with the image"):
        await driver.apply(specification(bundle="a" * 64))


async def test_tasks_that_are_pods_of_their_own_end_with_a_hibernation(
    cluster: FakeCluster, driver: KubernetesDriver
) -> None:
    wanted = specification(executor=Executor.KUBERNETES)
    await driver.apply(wanted)
    scheduler = next(found for name, found in cluster.pods().items() if "scheduler" in name)
    labels = {**scheduler["metadata"]["labels"], "component": "worker"}
    await cluster.put(f"/api/v1/namespaces/aerodrome-{wanted.release_name}/pods/task", {"metadata": {"labels": labels}})
    await until(lambda: _is_seen(driver, "task"))
    await driver.hibernate(wanted.deployment_id)
    assert cluster.pods() == {}


async def _is_seen(driver: KubernetesDriver, name: str) -> bool:
    return name in {each.metadata.name for each in driver.watch.all()}


async def test_pods_of_a_deleted_deployment_get_a_short_grace(cluster: FakeCluster, driver: KubernetesDriver) -> None:
    wanted = specification()
    await driver.apply(wanted)
    (cluster.folder / "helm.idle").touch()  # it leaves the pods to the namespace
    await driver.delete(wanted.deployment_id)
    deleted = [json.loads(body) for method, path, body in cluster.asked if method == "DELETE" and "/pods/" in path]
    assert {each.get("gracePeriodSeconds") for each in deleted} == {5}
