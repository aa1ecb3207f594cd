"""Where nothing can be installed a creation fails, says why in uv's own words, and may be tried again."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from pydantic import SecretStr

from services.deployments.contract import DeploymentRow, DriverName, Executor, RetryDeployment, State, Trouble
from services.deployments.runner.app import RunnerProcess
from services.deployments.runner.settings import RunnerSettings
from shared.ids import new_id
from tests.conftest import NewDatabase
from tests.integration.deployments.service import Gateway, becomes, gateway_of, member, running, settings_of
from tests.servers import NatsForTests, PostgresForTests

NOBODY = "http://127.0.0.1:9/"
"""The discard port, where nobody serves an index."""


@pytest.fixture
async def gateway(
    database: NewDatabase,
    nats_server: NatsForTests,
    postgres_server: PostgresForTests,
    private_folder: Path,
) -> AsyncGenerator[Gateway]:
    """Who asks a service whose deployments a real runner keeps; it installs into an empty folder."""
    settings = settings_of(await database("deployments"), nats_server).model_copy(update={"driver": DriverName.LOCAL})
    runner = RunnerProcess(
        RunnerSettings(
            **settings.model_dump(),
            airflow_folder=private_folder,
            airflow_database_url=SecretStr(postgres_server.server.dsn()),
        ),
        new_id(),
    )
    async with running(settings), gateway_of(nats_server) as gateway:
        await runner.start()
        try:
            yield gateway
        finally:
            await runner.stop()


async def failed(gateway: Gateway, row: DeploymentRow) -> Trouble:
    """Return what is wrong once the creation has failed."""
    await becomes(gateway, row, State.CREATE_FAILED, timeout_s=60)
    found = await gateway.row(row.id)
    assert found is not None
    assert found.trouble is not None
    return found.trouble


async def test_a_failed_installation_says_why_and_is_tried_again(
    gateway: Gateway, private_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_CACHE_DIR", str(private_folder / "cache"))
    monkeypatch.setenv("UV_OFFLINE", "1")
    row = await gateway.create(executor=Executor.LOCAL, airflow_version="3.3.2")
    offline = await failed(gateway, row)
    assert (offline.step, offline.reason) == ("install airflow 3.3.2", "ended with 1")
    assert "apache-airflow" in "\n".join(offline.lines)

    monkeypatch.delenv("UV_OFFLINE")
    monkeypatch.setenv("UV_DEFAULT_INDEX", NOBODY)
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    again = await gateway.ask(RetryDeployment(deployment_id=row.id), member())
    assert (again.state, again.trouble) == (State.CREATING, None)
    away = await failed(gateway, row)
    assert away.step == "install airflow 3.3.2"
    assert NOBODY in "\n".join(away.lines)
    assert not list((private_folder / "environments").glob("airflow-*/"))


@pytest.mark.full
@pytest.mark.airflow
@pytest.mark.timeout(900)
async def test_what_could_not_be_installed_comes_up_when_it_can(
    gateway: Gateway, private_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as offline:
        offline.setenv("UV_CACHE_DIR", str(private_folder / "cache"))
        offline.setenv("UV_OFFLINE", "1")
        row = await gateway.create(executor=Executor.LOCAL, airflow_version="3.1.8")
        assert (await failed(gateway, row)).step == "install airflow 3.1.8"
    await gateway.ask(RetryDeployment(deployment_id=row.id), member())
    await becomes(gateway, row, State.HEALTHY, timeout_s=600)
