"""Deployments of a running product as their users see them, and what is left of them on the machine."""

import asyncio
import io
import tarfile
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import asyncpg
import psutil

from services.cli.folder import DataFolder
from services.deployments.runner.sweep import marked
from tests.acceptance.client import GraphQLFailed, Houston
from tests.acceptance.stack import Stack

SHOWN = "id state status airflowVersion desiredAirflowVersion trouble { step reason lines }"
CREATE = (
    "mutation ($w: Uuid!, $l: String!, $v: String, $e: ExecutorType) { createDeployment(workspaceUuid: $w, label: $l, "
    f"airflowVersion: $v, executor: $e, config: {{workers: {{replicas: 1}}}}) {{ {SHOWN} }} }}"
)
ONE = f"query ($d: String) {{ deployment(where: {{id: $d}}) {{ {SHOWN} }} }}"
WHERE = "query ($d: String) { deployment(where: {id: $d}) { airflowVersion urls { type url } } }"
DELETE = "mutation ($d: Uuid) { deleteDeployment(deploymentUuid: $d, deploymentHardDelete: true) { id } }"
SETTLED_S = 240.0


@dataclass
class Deployment:
    """One deployment and the one who owns it."""

    id: str
    owner: Houston

    async def now(self) -> Mapping[str, Any]:
        """Return what it shows; asks again while the service is away."""
        while True:
            try:
                shown: Mapping[str, Any] = (await self.owner.run(ONE, {"d": self.id}))["deployment"]
            except GraphQLFailed as error:
                if error.codes != ["SERVICE_UNAVAILABLE"]:
                    raise
                await asyncio.sleep(0.2)
            else:
                return shown

    async def do(self, mutation: str, arguments: str = "") -> None:
        """Send one of the mutations that take a deployment and return it."""
        await self.owner.run(f'mutation {{ {mutation}(deploymentUuid: "{self.id}"{arguments}) {{ id }} }}')

    async def becomes(self, state: str, *, within_s: float = SETTLED_S) -> None:
        """Return when it is in a state; fail at once with its trouble when a step of it has failed."""
        async with asyncio.timeout(within_s):
            while (shown := await self.now())["state"] != state:
                assert not shown["state"].endswith("FAILED"), shown["trouble"]
                await asyncio.sleep(0.2)

    async def delete(self) -> None:
        """Delete it hard."""
        await self.owner.run(DELETE, {"d": self.id})


async def created(
    owner: Houston, workspace: str, label: str, version: str | None = None, executor: str = "LocalExecutor"
) -> Deployment:
    """Create a deployment."""
    made = await owner.run(CREATE, {"w": workspace, "l": label, "v": version, "e": executor})
    return Deployment(made["createDeployment"]["id"], owner)


@dataclass
class Clock:
    """The time of each step, printed as it ends."""

    steps: dict[str, float] = field(default_factory=dict[str, float])

    @asynccontextmanager
    async def step(self, name: str) -> AsyncGenerator[None]:
        """Time what the block does."""
        began = time.monotonic()
        yield
        self.steps[name] = time.monotonic() - began
        print(f"{name}: {self.steps[name]:.1f} s")


@dataclass
class Traces:
    """What a product has on the machine for its deployments."""

    stack: Stack

    def processes(self) -> dict[int, str]:
        """Return the processes of its Airflows with their deployments."""
        return {pid: str(id_) for pid, id_ in marked(self._folder / "deployments").items()}

    def folders(self) -> set[str]:
        """Return the names of the folders of its deployments."""
        return {path.name for path in (self._folder / "deployments").glob("*")}

    async def databases(self) -> set[str]:
        """Return the names of databases and roles of deployments."""
        folder = DataFolder(self.stack.data)
        password, port = folder.secrets().postgres, folder.state().postgres_port
        connection = await asyncpg.connect(
            host="127.0.0.1", port=port, user="postgres", password=password, database="postgres"
        )
        try:
            rows = await connection.fetch("select datname as name from pg_database union select rolname from pg_roles")
        finally:
            await connection.close()
        return {row["name"] for row in rows if row["name"].startswith("airflow_c")}

    async def none_is_left(self, *, within_s: float = 60.0) -> None:
        """Return when nothing is left of any deployment; fail with what is."""
        left: Callable[[], Any] = self.processes
        async with asyncio.timeout(within_s):
            while left() or self.folders() or await self.databases():
                await asyncio.sleep(0.2)

    def mebibytes(self) -> dict[str, float]:
        """Return the memory of each deployment's processes, shared pages divided among those who share them (PSS)."""
        found: dict[str, float] = {}
        for pid, id_ in self.processes().items():
            try:
                used = psutil.Process(pid).memory_full_info().pss / 2**20
            except psutil.Error:
                continue
            found[id_] = found.get(id_, 0.0) + used
        return found

    @property
    def _folder(self) -> Any:
        return DataFolder(self.stack.data).airflow


TWO_TASKS = b"""
from datetime import datetime

try:
    from airflow.sdk import DAG, task
except ImportError:
    from airflow import DAG
    from airflow.decorators import task

with DAG("hello", schedule=None, start_date=datetime(2026, 1, 1)) as dag:
    @task
    def say():
        return "hello"

    @task
    def hear(said):
        print("heard", said)

    hear(say())
"""


ATTACK = b"""
import glob
import os
from datetime import datetime

import attacker
import psycopg2
from airflow.sdk import DAG, task

def attack():
    assert not (done := attacker.succeeded()), done
    for name in os.environ["DATABASES"].split():
        try:
            psycopg2.connect(f"{own_database().rpartition('/')[0]}/{name}").close()
        except psycopg2.OperationalError:
            continue
        raise AssertionError(f"could connect to {name}")

def own_database():
    # Airflow hides it from tasks, but not from who looks.
    for path in glob.glob("/proc/*/environ"):
        try:
            told = dict(each.partition("=")[::2] for each in open(path).read().split(chr(0)))
        except OSError:
            continue
        found = told.get("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "")
        if found.startswith("postgresql"):
            psycopg2.connect(found.replace("+psycopg2", "")).close()
            return found.replace("+psycopg2", "")
    raise AssertionError("own database not found")

attack()

with DAG("attack", schedule=None, start_date=datetime(2026, 1, 1)) as dag:
    task(attack)()
"""


async def send_dags(deployment: Deployment, **files: bytes) -> Mapping[str, Any]:
    """Send a bundle as the command line does and return what is answered; `a__b` is the file `a/b.py`."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as made:
        for name, data in files.items():
            info = tarfile.TarInfo(f"dags/{name.replace('__', '/')}.py")
            info.size = len(data)
            made.addfile(info, io.BytesIO(data))
    owner = deployment.owner
    form = aiohttp.FormData({"file": io.BytesIO(packed.getvalue())})
    address = f"{owner.url}/v1/deployments/{deployment.id}/dags"
    async with owner.session.post(address, data=form, headers={"authorization": owner.authorization}) as answer:
        body: Mapping[str, Any] = await answer.json()
        assert answer.status == 200, body
        return body


@dataclass
class Door:
    """The interface of a deployment's Airflow at Aerodrome's address, used with a token of Aerodrome."""

    owner: Houston
    url: str
    version: str

    async def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> tuple[int, Any]:
        """Return status and body of an answer."""
        headers = {"Authorization": self.owner.authorization}
        address = f"{self.url}api/{self.version}{path}"
        async with self.owner.session.request(method, address, json=body, headers=headers) as answer:
            return answer.status, await answer.json()

    async def run(self, dag: str, *, within_s: float = 120) -> None:
        """Return when a run of a DAG has succeeded; it may not be known yet."""
        wish = {"logical_date": None} if self.version == "v2" else {}
        async with asyncio.timeout(within_s):
            while (await self.ask("PATCH", f"/dags/{dag}", {"is_paused": False}))[0] != 200:
                await asyncio.sleep(0.3)
            _, made = await self.ask("POST", f"/dags/{dag}/dagRuns", wish)
            while True:
                _, run = await self.ask("GET", f"/dags/{dag}/dagRuns/{made['dag_run_id']}")
                if run["state"] == "success":
                    return
                assert run["state"] != "failed", run
                await asyncio.sleep(0.2)


async def door_of(deployment: Deployment) -> Door:
    """Return the interface of a deployment's Airflow."""
    shown = await deployment.owner.run(WHERE, {"d": deployment.id})
    found = shown["deployment"]
    url = next(each["url"] for each in found["urls"] if each["type"] == "airflow")
    return Door(deployment.owner, url, "v1" if found["airflowVersion"].startswith("2.") else "v2")
