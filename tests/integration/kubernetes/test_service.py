"""The whole service with the driver `kubernetes`: from the wish to the lines in the stream, and away again."""

import pytest
from pydantic import SecretStr

from services.deployments.contract import (
    Component,
    DeleteDeployment,
    DeployDags,
    DeployImage,
    DriverName,
    HibernateDeployment,
    Rule,
    State,
    WakeDeployment,
)
from services.deployments.settings import DeploymentsSettings
from shared.errors import Rejected
from tests.cluster.api import FakeCluster
from tests.cluster.driver import helm_calls, helm_program
from tests.conftest import NewDatabase
from tests.integration.deployments.conftest import Ground
from tests.integration.deployments.service import becomes, gateway_of, log_reader, member, running, settings_of, until
from tests.servers import NatsForTests, PostgresForTests


@pytest.fixture
async def ground(database: NewDatabase, nats_server: NatsForTests) -> Ground:
    """A database and a NATS of this test."""
    return Ground(await database("deployments"), nats_server)


@pytest.fixture
def settings(
    ground: Ground, cluster: FakeCluster, postgres_server: PostgresForTests, monkeypatch: pytest.MonkeyPatch
) -> DeploymentsSettings:
    """Settings of a service whose deployments are in the cluster."""
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
    ours = {
        "driver": DriverName.KUBERNETES,
        "kubernetes_database_url": SecretStr(postgres_server.server.dsn()),
        "kubernetes_helm": str(helm_program(cluster)),
    }
    return settings_of(ground.database, ground.nats).model_copy(update=ours)


async def test_a_deployment_lives_its_whole_life(
    ground: Ground, settings: DeploymentsSettings, cluster: FakeCluster
) -> None:
    async with running(settings), gateway_of(ground.nats) as gateway:
        created = await gateway.create()
        await becomes(gateway, created, State.HEALTHY)
        async with log_reader(ground.nats, created.id) as reader:
            pod = next(name for name in cluster.pods() if "api-server" in name)
            await cluster.say(pod, "hello", second=1)
            batch = await reader.next()
        assert (batch.component, [each.message for each in batch.records]) == (Component.WEBSERVER, ["hello"])
        wish = DeployDags(deployment_id=created.id, object_name="o", sha256="a" * 64, size=1)
        with pytest.raises(Rejected) as refused:
            await gateway.ask(wish, member())
        assert refused.value.rule == Rule.DAGS_NOT_OFFERED
        await gateway.ask(DeployImage(deployment_id=created.id, image="r.example.com/a:cli-2"), member())
        await until(lambda: _runs_image(cluster))
        await becomes(gateway, created, State.HEALTHY)
        await gateway.ask(HibernateDeployment(deployment_id=created.id), member())
        await becomes(gateway, created, State.HIBERNATED)
        assert cluster.pods() == {}
        await gateway.ask(WakeDeployment(deployment_id=created.id), member())
        await becomes(gateway, created, State.HEALTHY)
        await gateway.ask(DeleteDeployment(deployment_id=created.id, hard=True), member())
        await until(lambda: _is_empty(cluster))


async def _runs_image(cluster: FakeCluster) -> bool:
    image = helm_calls(cluster)[-1]["values"]["images"]["airflow"]
    return (image.get("repository"), image["tag"]) == ("r.example.com/a", "cli-2")


async def _is_empty(cluster: FakeCluster) -> bool:
    return cluster.objects == {}
