"""The driver `local` on real Airflows: up, asleep, awake, upgraded, taken back, gone without a trace."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from services.deployments.contract import DeploymentId, Executor, new_airflow_secrets
from services.deployments.drivers.protocol import Specification, StepFailed
from services.deployments.runner.components import OnOutput
from services.deployments.runner.environments import Environments
from services.deployments.runner.local import LocalDriver
from services.deployments.runner.sweep import end_marked, marked
from services.deployments.runner.versions import VERSIONS, Part
from shared.ids import new_id
from tests.integration.runner.conftest import NoBundles
from tests.integration.runner.test_databases import made_by_the_runner
from tests.servers import PostgresForTests

pytestmark = [pytest.mark.airflow, pytest.mark.full, pytest.mark.timeout(900)]

NEWEST, OLDER, OLDEST = VERSIONS


def specification(
    id_: DeploymentId,
    *,
    version: str = NEWEST,
    executor: Executor = Executor.LOCAL,
    env: dict[str, str] | None = None,
) -> Specification:
    return Specification(
        deployment_id=id_,
        release_name="a-b-1",
        executor=executor,
        airflow_version=version,
        config={"workers": {"replicas": 1}},
        env=env or {},
        secrets=new_airflow_secrets(),
    )


@pytest.fixture
async def driver(
    postgres_server: PostgresForTests, environments: Environments, private_folder: Path
) -> AsyncGenerator[LocalDriver]:
    """A driver whose Airflows end with the test."""

    def lines(_: DeploymentId) -> OnOutput:
        def take(part: Part, line: bytes) -> None:
            print(part, line.decode(errors="replace"))

        return take

    made = LocalDriver(
        folder=private_folder,
        databases=await made_by_the_runner(postgres_server),
        environments=environments,
        outside=os.environ,
        lines=lines,
        bundles=NoBundles(),
    )
    try:
        yield made
    finally:
        await made.stop()
        for id_ in await made.list_managed():
            await made.delete(id_)


async def test_a_deployment_lives_its_whole_life(driver: LocalDriver) -> None:
    wanted = specification(DeploymentId(new_id()), version=OLDER)
    id_ = wanted.deployment_id
    door = await driver.apply(wanted)
    assert door.startswith("http://127.0.0.1:")
    assert await driver.observe(id_) == []
    assert await driver.apply(wanted) == door  # what runs and is the same goes on
    await driver.hibernate(id_)
    assert (await driver.observe(id_), marked(driver.folder / "deployments")) == (("it does not run",), {})
    upgraded = replace(wanted, airflow_version=NEWEST, env={"GREETING": "hello"})
    await driver.apply(upgraded)
    assert await driver.observe(id_) == []
    assert await driver.databases.version(id_) == NEWEST
    assert await driver.list_managed() == {id_}
    assert list(await driver.delete(id_)) == []
    assert await driver.list_managed() == set()


async def test_an_upgrade_that_is_taken_back_leaves_the_old_database(driver: LocalDriver) -> None:
    old = specification(DeploymentId(new_id()), version=OLDER)
    await driver.apply(old)
    broken = replace(old, airflow_version=NEWEST, env={"AIRFLOW__CORE__AUTH_MANAGER": "no"})
    with pytest.raises(StepFailed):
        await driver.apply(broken)
    await driver.apply(old)
    assert await driver.observe(old.deployment_id) == []
    assert await driver.databases.version(old.deployment_id) == OLDER


async def test_a_component_that_is_killed_comes_back_and_nothing_outlives_it(driver: LocalDriver) -> None:
    wanted = specification(DeploymentId(new_id()))
    await driver.apply(wanted)
    for part in driver.parts(wanted.deployment_id):
        before = {each.part: each.pid for each in driver.parts(wanted.deployment_id)}
        pid = before[part.part]
        assert pid is not None
        child = psutil.Process(pid).children()[0]
        os.kill(child.pid, signal.SIGKILL)
        async with asyncio.timeout(120):
            while await driver.observe(wanted.deployment_id) or not _another(driver, wanted.deployment_id, before):
                await asyncio.sleep(0.5)
    await driver.stop()
    assert marked(driver.folder / "deployments") == {}


def _another(driver: LocalDriver, id_: DeploymentId, before: dict[Part, int | None]) -> bool:
    return any(each.pid != before[each.part] for each in driver.parts(id_))


async def test_what_a_killed_runner_left_is_found_and_ended(driver: LocalDriver) -> None:
    wanted = specification(DeploymentId(new_id()))
    await driver.apply(wanted)
    assert set(marked(driver.folder / "deployments").values()) == {wanted.deployment_id}
    await end_marked(driver.folder / "deployments")
    assert marked(driver.folder / "deployments") == {}


@pytest.mark.parametrize("version", [NEWEST, OLDEST])
async def test_celery_runs_without_a_broker_of_its_own(driver: LocalDriver, version: str) -> None:
    wanted = specification(DeploymentId(new_id()), version=version, executor=Executor.CELERY)
    await driver.apply(wanted)
    assert [each.part for each in driver.parts(wanted.deployment_id)][-1] is Part.WORKER
    assert await driver.observe(wanted.deployment_id) == []
    assert list(await driver.delete(wanted.deployment_id)) == []
