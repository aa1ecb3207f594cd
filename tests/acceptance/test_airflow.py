"""Real Airflows from `aerodrome up`: a whole life with the time of each step, and two versions side by side."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from services.deployments.runner.versions import VERSIONS
from tests.acceptance import hostile
from tests.acceptance.airflows import ATTACK, TWO_TASKS, Clock, Traces, created, door_of, send_dags
from tests.acceptance.browser import browser, picture
from tests.acceptance.client import Houston
from tests.acceptance.conftest import PASSWORD, SIGN_IN, sign_up
from tests.acceptance.stack import Stack, running
from tests.faults.processes import process_of
from tests.integration.runner import attacker

pytestmark = [pytest.mark.airflow, pytest.mark.full, pytest.mark.timeout(1200)]

NEWEST, OLDER, OLDEST = VERSIONS
MOST_MIB = 2048


@pytest.fixture(scope="module")
def local_stack(session_folder: Path) -> Iterator[Stack]:
    """A product whose deployments are real."""
    with running(session_folder / "local" / "data", driver="local") as stack:
        asyncio.run(sign_up(stack))
        yield stack


@pytest.fixture
async def owner(local_stack: Stack) -> AsyncIterator[Houston]:
    """The administrator of that product."""
    async with aiohttp.ClientSession() as session:
        anonymous = Houston(local_stack.url, session)
        signed = await anonymous.run(SIGN_IN, {"identity": local_stack.admin_email, "password": PASSWORD})
        yield anonymous.as_(signed["createToken"]["token"]["value"])


@pytest.fixture
async def workspace(owner: Houston) -> str:
    """A new workspace."""
    made: str = (await owner.run('mutation { createWorkspace(label: "w") { id } }'))["createWorkspace"]["id"]
    return made


async def test_a_deployment_lives_its_whole_life(local_stack: Stack, owner: Houston, workspace: str) -> None:
    clock, traces = Clock(), Traces(local_stack)
    async with clock.step("create, nothing installed"):
        first = await created(owner, workspace, "first", OLDER)
        await first.becomes("HEALTHY")
    async with clock.step("create, installed"):
        second = await created(owner, workspace, "second", OLDER)
        await second.becomes("HEALTHY")
    await first.delete()
    door = await door_of(second)
    async with clock.step("send a DAG of two tasks, run it to its success"):
        assert (await send_dags(second, hello=TWO_TASKS))["version"] == 1
        await door.run("hello")
    await second.becomes("HEALTHY")
    async with clock.step("change a variable"):
        await second.do("updateDeployment", ', env: [{key: "GREETING", value: "hello"}]')
        await second.becomes("HEALTHY")
    async with clock.step("upgrade, nothing installed"):
        await second.do("updateDeploymentAirflow", f', desiredAirflowVersion: "{NEWEST}"')
        await second.becomes("HEALTHY")
        assert (await second.now())["airflowVersion"] == NEWEST
    async with clock.step("hibernate"):
        await second.do("hibernateDeployment")
        await second.becomes("HIBERNATED")
    assert traces.processes() == {}
    async with clock.step("wake"):
        await second.do("wakeDeployment")
        await second.becomes("HEALTHY")
    async with clock.step("delete"):
        await second.delete()
        await traces.none_is_left()


@pytest.mark.parametrize("version", [NEWEST, OLDEST])
async def test_celery_runs_a_dag(local_stack: Stack, owner: Houston, workspace: str, version: str) -> None:
    clock, traces = Clock(), Traces(local_stack)
    async with clock.step("create with Celery, not installed"):
        deployment = await created(owner, workspace, "celery", version, executor="CeleryExecutor")
        await deployment.becomes("HEALTHY")
    async with clock.step("send a DAG of two tasks, run it to its success"):
        await send_dags(deployment, hello=TWO_TASKS)
        await (await door_of(deployment)).run("hello")
    print({id_: f"{used:.0f} MiB" for id_, used in traces.mebibytes().items()})
    await deployment.delete()
    await traces.none_is_left()


def a_python(data: Path) -> Path:
    """Return the interpreter of an installed Airflow, wherever they are installed."""
    installed = Path(os.environ.get("AERODROME_AIRFLOW_ENVIRONMENTS", data / "airflow/environments"))
    return next(installed.glob("*/bin/python"))


@pytest.mark.skipif(os.geteuid() != 0, reason="Airflows have accounts of their own where we are root")
async def test_dag_code_reaches_nothing_but_its_own(local_stack: Stack, owner: Houston, workspace: str) -> None:
    traces, data = Traces(local_stack), local_stack.data
    other = await created(owner, workspace, "other")
    await other.becomes("HEALTHY")
    services = [process_of(local_stack, name).pid for name in ("runner", "deployments", "postgres")]
    theirs = data / "airflow/deployments" / other.id
    python = a_python(data)
    closed = [data, data / "secrets.json", data / "run", data / "postgres/cluster", theirs, theirs / "home"]
    attack = {
        "read": [*map(str, closed), str(data / "run/runner.environment.json")],
        "write": [*map(str, closed), str(python.parent), str(python.with_name("airflow"))],
        "signal": [*services, *traces.processes()],
    }
    one = await created(owner, workspace, "attacker")
    databases = f"identity invites deployments postgres template1 airflow_{other.id}"
    env = f'[{{key: "ATTACK", value: {json.dumps(json.dumps(attack))}}}, {{key: "DATABASES", value: "{databases}"}}]'
    await one.do("updateDeployment", f", env: {env}")
    await send_dags(one, attack=ATTACK, attacker=attacker.PROGRAM.read_bytes())
    await one.becomes("HEALTHY")
    await (await door_of(one)).run("attack")
    for each in (one, other):
        await each.delete()
    await traces.none_is_left()


async def test_a_browser_sees_it_and_a_hostile_plugin_can_do_nothing(
    local_stack: Stack, owner: Houston, workspace: str
) -> None:
    deployment = await created(owner, workspace, "seen")
    await deployment.becomes("HEALTHY")
    await send_dags(deployment, hello=TWO_TASKS, plugins__evil=hostile.plugin(local_stack.url))
    door = await door_of(deployment)
    await door.run("hello")
    plugins = local_stack.data / "airflow/deployments" / deployment.id / "dags/plugins"
    env = f'[{{key: "AIRFLOW__CORE__PLUGINS_FOLDER", value: "{plugins}"}}]'
    await deployment.do("updateDeployment", f", env: {env}")
    await deployment.becomes("HEALTHY")
    async with browser() as window:
        page = await window.new_page()
        await page.goto(f"{door.url}dags")
        await page.get_by_label("Username or e-mail address").fill(local_stack.admin_email)
        await page.get_by_label("Password", exact=True).fill(PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        await page.get_by_role("link", name="hello").first.wait_for()
        await picture(page, "airflow-dags")
        await page.goto(f"{door.url}evil/page")
        await page.wait_for_function("window.results")
        hostile.judge(await page.evaluate("window.results"))
    labels = (await owner.run("{ workspaces { label } }"))["workspaces"]
    assert "taken over" not in {each["label"] for each in labels}
    await deployment.delete()
    await Traces(local_stack).none_is_left()


async def test_two_versions_run_side_by_side_within_2_gib(local_stack: Stack, owner: Houston, workspace: str) -> None:
    traces = Traces(local_stack)
    both = [await created(owner, workspace, version, version) for version in (NEWEST, OLDEST)]
    for each in both:
        await each.becomes("HEALTHY")
        await send_dags(each, hello=TWO_TASKS)
        await (await door_of(each)).run("hello")
    used = traces.mebibytes()
    print({version: f"{used[each.id]:.0f} MiB" for version, each in zip((NEWEST, OLDEST), both, strict=True)})
    for each in both:
        await each.delete()
    await traces.none_is_left()
    assert sum(used.values()) < MOST_MIB
