"""Each driver on a ground of tests, with what a test can do to it from outside."""

import os
import signal
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Generic, TypeVar

import asyncpg
import psutil
from pydantic import SecretStr

from services.deployments.contract import LOGS_STREAM, DeploymentId, Executor, new_airflow_secrets
from services.deployments.drivers.protocol import Driver, Specification
from services.deployments.drivers.simulated import SimulatedDriver
from services.deployments.kubernetes.driver import KubernetesDriver
from services.deployments.logs.stream import LogStream
from services.deployments.runner.components import OnOutput
from services.deployments.runner.databases import Databases, name_of
from services.deployments.runner.environments import Environments
from services.deployments.runner.local import LocalDriver
from services.deployments.runner.sweep import marked
from services.deployments.runner.versions import Part
from shared.bus.client import Bus
from shared.ids import new_id
from shared.settings import BusSettings
from tests.cluster.api import FakeCluster, running_cluster
from tests.cluster.driver import driver_on
from tests.cluster.pods import Fate
from tests.servers import NatsForTests, PostgresForTests

SECRET = "what-nobody-may-read"


DriverT_co = TypeVar("DriverT_co", bound=Driver, covariant=True)


class Driven(ABC, Generic[DriverT_co]):
    """A driver and its ground."""

    driver: DriverT_co

    @abstractmethod
    def refused(self) -> Sequence[Specification]:
        """Return what it does not do."""

    @abstractmethod
    async def restart(self) -> None:
        """Have another process go on: `driver` is a new one on the same ground."""

    @abstractmethod
    async def running(self, deployment_id: DeploymentId) -> set[str]:
        """Return the names of what runs of a deployment, whoever knows of it; another start has others."""

    @abstractmethod
    async def hurt(self, deployment_id: DeploymentId) -> None:
        """Break a part of what runs."""

    @property
    def outlives(self) -> bool:
        """Whether what runs goes on when the driver ends."""
        return False

    def hold(self) -> None:
        """Have a start take long."""

    def let_go(self) -> None:
        """Have it not take long any more."""

    async def is_half_made(self, deployment_id: DeploymentId) -> bool:
        """Say whether a start has come to its middle."""
        return deployment_id in await self.driver.list_managed()

    def database(self, deployment_id: DeploymentId) -> str:  # noqa: ARG002 -- of those that have one
        """Return the address of a deployment's database, "" for a driver that has none."""
        return ""

    async def keep(self, deployment_id: DeploymentId) -> None:
        """Leave something in a deployment's data."""
        if address := self.database(deployment_id):
            connection = await asyncpg.connect(address)
            await connection.execute("create table kept_by_the_test (id int)")
            await connection.close()

    async def keeps(self, deployment_id: DeploymentId) -> bool:
        """Say whether it is still there."""
        address = self.database(deployment_id)
        if not address:
            return True
        connection = await asyncpg.connect(address)
        found = await connection.fetchval("select to_regclass('kept_by_the_test') is not null")
        await connection.close()
        return bool(found)


def specification() -> Specification:
    """Return what every driver can do."""
    id_ = DeploymentId(new_id())
    return Specification(
        deployment_id=id_,
        release_name=f"a-b-{id_[-6:]}",
        executor=Executor.LOCAL,
        airflow_version="3.3.2",
        config={"workers": {"replicas": 1}},
        env={"API_KEY": SECRET},
        secrets=new_airflow_secrets(),
    )


@dataclass
class DrivenSimulated(Driven[SimulatedDriver]):
    driver: SimulatedDriver

    def refused(self) -> Sequence[Specification]:
        return ()

    async def restart(self) -> None:
        self.driver = SimulatedDriver(self.driver.stream)

    async def running(self, deployment_id: DeploymentId) -> set[str]:
        present = self.driver._running.get(deployment_id)
        return {str(id(task)) for task in present.tasks} if present else set()

    async def hurt(self, deployment_id: DeploymentId) -> None:
        next(iter(self.driver._running[deployment_id].tasks)).cancel()


@dataclass
class DrivenKubernetes(Driven[KubernetesDriver]):
    driver: KubernetesDriver
    cluster: FakeCluster
    postgres: PostgresForTests

    def refused(self) -> Sequence[Specification]:
        wanted = specification()
        return (replace(wanted, airflow_version="2.9.3"), replace(wanted, bundle="a" * 64))

    async def restart(self) -> None:
        self.driver = driver_on(self.cluster, self.postgres.server.dsn())

    async def running(self, deployment_id: DeploymentId) -> set[str]:
        return {
            name
            for name, found in self.cluster.pods().items()
            if found["metadata"]["labels"]["aerodrome/deployment"] == deployment_id
        }

    async def hurt(self, deployment_id: DeploymentId) -> None:  # noqa: ARG002 -- all of them
        await self.cluster.turn("scheduler", Fate.CRASHES)
        self.cluster.fates.clear()

    @property
    def outlives(self) -> bool:
        return True

    def hold(self) -> None:
        (self.cluster.folder / "helm.hangs").touch()

    def let_go(self) -> None:
        (self.cluster.folder / "helm.hangs").unlink()

    async def is_half_made(self, deployment_id: DeploymentId) -> bool:
        return await super().is_half_made(deployment_id) and (self.cluster.folder / "helm.hung").exists()

    def database(self, deployment_id: DeploymentId) -> str:
        return self.postgres.server.dsn(database=self.driver.databases.address(deployment_id).name)


class _NoBundles:
    def open(self, deployment_id: DeploymentId, sha256: str) -> AbstractAsyncContextManager[Path]:
        raise AssertionError(f"{deployment_id} has no bundle {sha256}")


@dataclass
class DrivenLocal(Driven[LocalDriver]):
    driver: LocalDriver
    postgres: PostgresForTests

    def refused(self) -> Sequence[Specification]:
        return (replace(specification(), airflow_version="2.9.3"),)

    async def restart(self) -> None:
        self.driver = local_driver(self.driver.folder, self.postgres, self.driver.environments)

    async def running(self, deployment_id: DeploymentId) -> set[str]:
        found = marked(self.driver.folder / "deployments", deployment_id)
        shims = {each.pid for each in self.driver.parts(deployment_id)}
        return {str(pid) for pid in found if pid in shims or not shims}

    async def hurt(self, deployment_id: DeploymentId) -> None:
        shim = next(each.pid for each in self.driver.parts(deployment_id) if each.part is Part.SCHEDULER)
        assert shim is not None
        with suppress(ProcessLookupError):
            os.kill(psutil.Process(shim).children()[0].pid, signal.SIGKILL)

    def database(self, deployment_id: DeploymentId) -> str:
        return self.postgres.server.dsn(database=name_of(deployment_id))


def local_driver(folder: Path, postgres: PostgresForTests, environments: Environments) -> LocalDriver:
    """Return a driver of real Airflows."""

    def lines(_: DeploymentId) -> OnOutput:
        def take(part: Part, line: bytes) -> None:
            print(part, line.decode(errors="replace"))

        return take

    return LocalDriver(
        folder=folder,
        databases=Databases(postgres.server.dsn()),
        environments=environments,
        outside=os.environ,
        lines=lines,
        bundles=_NoBundles(),
    )


@asynccontextmanager
async def simulated(nats: NatsForTests) -> AsyncGenerator[Driven[Driver]]:
    """The driver `simulated` on a stream of log lines."""
    login = nats.login("deployments")
    settings = BusSettings(nats_url=login.url, nats_user=login.user, nats_password=SecretStr(login.password))
    bus = await Bus.connect(settings, name="deployments", streams=(LOGS_STREAM,))
    try:
        yield DrivenSimulated(SimulatedDriver(LogStream(bus, timedelta(hours=1), 2**24)))
    finally:
        await bus.close()


@asynccontextmanager
async def kubernetes(folder: Path, postgres: PostgresForTests) -> AsyncGenerator[Driven[Driver]]:
    """The driver `kubernetes` on a cluster of tests."""
    async with running_cluster(folder) as cluster:
        yield DrivenKubernetes(driver_on(cluster, postgres.server.dsn()), cluster, postgres)


@asynccontextmanager
async def local(folder: Path, postgres: PostgresForTests, environments: Environments) -> AsyncGenerator[Driven[Driver]]:
    """The driver `local`, which starts real Airflows."""
    yield DrivenLocal(local_driver(folder, postgres, environments), postgres)
