"""As root, each Airflow runs under an account of its own: it reaches neither us nor another one."""

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from services.deployments.contract import DeploymentId
from services.deployments.drivers.protocol import StepFailed
from services.deployments.runner.accounts import Accounts
from services.deployments.runner.airflow import Airflow
from services.deployments.runner.configuration import AirflowSpec
from services.deployments.runner.dags import DagFolder
from services.deployments.runner.environments import Environment
from services.deployments.runner.interpreters import interpreter
from services.deployments.runner.processes import MARK, Command, end, start_shimmed
from services.deployments.runner.sweep import end_marked, mark_of, marked
from services.deployments.runner.versions import VERSIONS
from tests.integration.runner import attacker
from tests.integration.runner.conftest import NoBundles
from tests.unit.deployments.runner.specs import spec

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="accounts are for who is root")

NEWEST = next(iter(VERSIONS.values()))
SECRET = "hunter2"


@pytest.fixture
def data(private_folder: Path) -> Path:
    """A data folder with what is nobody's business."""
    (private_folder / "secrets.json").touch(mode=0o600)
    for name in ("run", "postgres", "airflow/deployments", "airflow/environments/airflow/bin"):
        (private_folder / name).mkdir(mode=0o711, parents=True)
        (private_folder / name).chmod(0o711)
    (private_folder / "airflow").chmod(0o711)
    for name in ("run/deployments.environment.json", "postgres/cluster"):
        (private_folder / name).write_text(SECRET, encoding="ascii")
        (private_folder / name).chmod(0o600)
    return private_folder


@pytest.fixture
def environment(data: Path) -> Environment:
    """An environment whose Airflow is the attacker."""
    made = Environment(data / "airflow/environments/airflow")
    made.path.parent.chmod(0o755)
    made.path.chmod(0o755)
    made.scripts.chmod(0o755)
    (made.scripts / "python").symlink_to(interpreter(NEWEST))
    (made.scripts / "airflow").write_text(attacker.PROGRAM.read_text(encoding="utf-8"), encoding="utf-8")
    (made.scripts / "airflow").chmod(0o644)
    return made


@pytest.fixture
def service() -> Iterator[psutil.Process]:
    """A process of ours that knows a secret."""
    with subprocess.Popen(["/bin/sleep", "3600"], env={"AERODROME_MASTER_KEY": SECRET}) as process:
        yield psutil.Process(process.pid)
        process.kill()


async def airflow(data: Path, environment: Environment, id_: str, attack: Mapping[str, object]) -> Airflow:
    """Return an Airflow made as the driver makes it."""
    deployments = data / "airflow/deployments"
    folder = deployments / id_
    account = Accounts(deployments).of(id_)
    await DagFolder(folder, NoBundles(), account).activate(DeploymentId(id_), "")
    made = replace(
        spec(NEWEST.number, env={"ATTACK": json.dumps(attack)}),
        folder=folder,
        account=account,
        mark=mark_of(deployments, id_),
    )
    return Airflow(spec=made, environment=environment, outside=os.environ, on_output=print, grace_s=0)


@asynccontextmanager
async def sleeping(spec: AirflowSpec) -> AsyncGenerator[int]:
    """Run a process of an Airflow and give the id of its shim."""
    command = Command(
        program=("/bin/sleep", "3600"), environment={MARK: spec.mark}, folder=spec.folder, account=spec.account
    )
    process = await start_shimmed(command, grace_s=0)
    try:
        yield process.pid
    finally:
        await end(process)


async def test_dag_code_reaches_neither_us_nor_another_airflow(
    data: Path, environment: Environment, service: psutil.Process
) -> None:
    other = await airflow(data, environment, "cother", {"read": [], "write": [], "signal": []})
    await other.migrate()
    theirs = other.spec.home / "written"
    theirs.chmod(0o666)
    async with sleeping(other.spec) as shim:
        async with asyncio.timeout(20):
            while not (below := psutil.Process(shim).children()):
                await asyncio.sleep(0.01)
        closed = [data, data / "secrets.json", data / "run", data / "run/deployments.environment.json"]
        closed += [data / "postgres", data / "postgres/cluster", data / "airflow", data / "airflow/deployments"]
        closed += [other.spec.folder, other.spec.home, theirs, other.spec.passwords_file, other.spec.temporary]
        ours = [environment.path, environment.scripts, environment.scripts / "airflow"]
        own = data / "airflow/deployments/cown"
        attack = {
            "read": list(map(str, closed)),
            "write": list(map(str, [*closed, *ours, own, own / "dags", own / "bundles"])),
            "signal": [os.getpid(), service.pid, shim, below[0].pid, 1],
        }

        await (await airflow(data, environment, "cown", attack)).migrate()


async def test_the_same_code_as_root_would_reach_everything(
    data: Path, environment: Environment, service: psutil.Process
) -> None:
    attack = {"read": [str(data)], "write": [str(environment.scripts)], "signal": [service.pid]}
    made = await airflow(data, environment, "cown", attack)

    with pytest.raises(StepFailed) as failed:
        await replace(made, spec=replace(made.spec, account=None)).migrate()

    assert {f"could read {data}", f"could read environ of {service.pid}"} <= set(failed.value.lines)


def test_accounts_differ_and_are_remembered(data: Path) -> None:
    accounts = Accounts(data / "airflow/deployments")

    one, other = accounts.of("cone"), accounts.of("cother")

    assert one
    assert other
    assert one.uid != other.uid
    assert (accounts.of("cone"), accounts.of("cother")) == (one, other)


def test_what_an_airflow_wrote_as_root_becomes_its_account_s(data: Path) -> None:
    folder = data / "airflow/deployments/cold"
    (folder / "home/logs").mkdir(parents=True, mode=0o700)
    (folder / "home/logs/line").touch()
    (folder / "home/way").symlink_to(data / "secrets.json")
    (folder / "bundles/one").mkdir(parents=True, mode=0o700)

    account = Accounts(folder.parent).of("cold")

    assert account
    owned = [folder / "home", folder / "home/logs", folder / "home/logs/line"]
    assert {path.stat().st_uid for path in owned} == {account.uid}
    assert {path.stat().st_uid for path in (folder, folder / "bundles/one", data / "secrets.json")} == {0}


async def test_a_process_that_hides_its_mark_is_known_by_its_account(data: Path, environment: Environment) -> None:
    made = await airflow(data, environment, "cone", {})
    hidden = replace(made.spec, mark=mark_of(data / "airflow/deployments", "../../run"))
    async with sleeping(hidden):
        async with asyncio.timeout(20):
            while "cone" not in marked(data / "airflow/deployments").values():
                await asyncio.sleep(0.01)
        assert set(marked(data / "airflow/deployments").values()) == {"cone"}
        assert await end_marked(data / "airflow/deployments", "cone")
