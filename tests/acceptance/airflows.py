"""Deployments of a running product as their users see them, and what is left of them on the machine."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import psutil

from services.cli.folder import DataFolder
from services.deployments.runner.sweep import marked
from tests.acceptance.client import Houston
from tests.acceptance.stack import Stack

SHOWN = "id state status airflowVersion desiredAirflowVersion trouble { step reason lines }"
CREATE = (
    "mutation ($w: Uuid!, $l: String!, $v: String) { createDeployment(workspaceUuid: $w, label: $l, "
    f"airflowVersion: $v, executor: LocalExecutor, config: {{workers: {{replicas: 1}}}}) {{ {SHOWN} }} }}"
)
ONE = f"query ($d: String) {{ deployment(where: {{id: $d}}) {{ {SHOWN} }} }}"
DELETE = "mutation ($d: Uuid) { deleteDeployment(deploymentUuid: $d, deploymentHardDelete: true) { id } }"
SETTLED_S = 240.0


@dataclass
class Deployment:
    """One deployment and the one who owns it."""

    id: str
    owner: Houston

    async def now(self) -> Mapping[str, Any]:
        """Return what it shows."""
        shown: Mapping[str, Any] = (await self.owner.run(ONE, {"d": self.id}))["deployment"]
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


async def created(owner: Houston, workspace: str, label: str, version: str | None = None) -> Deployment:
    """Create a deployment."""
    made = await owner.run(CREATE, {"w": workspace, "l": label, "v": version})
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
