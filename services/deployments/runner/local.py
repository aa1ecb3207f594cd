"""The driver `local`: real Airflows as child processes of the runner, on this machine's loopback."""

import asyncio
import logging
import os
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from services.deployments.contract import DeploymentId, Executor
from services.deployments.drivers.offers import LOCAL
from services.deployments.drivers.protocol import Capabilities, Specification, StepFailed
from services.deployments.logs.parsing import TaskIds
from services.deployments.runner.accounts import Accounts
from services.deployments.runner.airflow import Airflow
from services.deployments.runner.components import OnOutput, PartStatus
from services.deployments.runner.configuration import MOST_PARALLEL, AirflowSpec, DatabaseAddress
from services.deployments.runner.dags import DagFolder, Source
from services.deployments.runner.databases import PREFIX, Databases, name_of
from services.deployments.runner.environments import Environment, Environments
from services.deployments.runner.sweep import end_marked, mark_of, marked
from services.deployments.runner.task_logs import TaskLogs
from services.deployments.runner.versions import Part, Version, version_of
from shared.errors import Invalid
from shared.servers.accounts import Account
from shared.servers.process import free_port

log = logging.getLogger(__name__)

OnTaskOf = Callable[[DeploymentId, Part, TaskIds], Callable[[bytes], None]]
"""Gives what takes the log of a task that a part of a deployment runs."""

GRACE_S: Final = 30.0
"""How long the tasks that run may go on when a component is to end."""

_LEAVING_S: Final = 2.0
"""The grace when the runner leaves or has lost its lease, which ends a little later."""

_PARALLELISM: Final = 2
_TEMPLATE: Final = "template"
_EXTRAS: Final = {Executor.LOCAL: ("postgres",), Executor.CELERY: ("celery", "postgres")}


@dataclass(slots=True)
class _Running:
    specification: Specification
    airflow: Airflow


@dataclass(slots=True, kw_only=True)
class LocalDriver:
    """`folder` holds the folders of the deployments and the environments; `lines` takes what components write.

    `tasks` takes what tasks do, where no component repeats it. `bundles` gives what is unpacked into their DAG folders.
    `outside` is the environment of this process. One Airflow starts at a time: each takes all the processors there are.
    """

    folder: Path
    databases: Databases
    environments: Environments
    outside: Mapping[str, str] = field(repr=False)
    lines: Callable[[DeploymentId], OnOutput]
    bundles: Source
    tasks: OnTaskOf | None = None
    name: str = "local"
    capabilities: Capabilities = LOCAL
    _running: dict[DeploymentId, _Running] = field(default_factory=dict[DeploymentId, _Running])
    _starts: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def apply(self, specification: Specification) -> str:
        """Install what is missing, make or upgrade the database, start, and return the door when it is healthy."""
        id_ = specification.deployment_id
        present = self._running.get(id_)
        if present and present.specification.same_but_dags(specification) and not await present.airflow.complaints():
            await self._dags(id_).activate(id_, specification.bundle)
            present.specification = specification
            return present.airflow.spec.endpoint
        version = _version(specification)
        environment = await self.environments.ensure(version, _EXTRAS[specification.executor])
        await self.hibernate(id_)
        database = await self._database(specification, version, environment)
        await self._dags(id_).activate(id_, specification.bundle)
        airflow = self._airflow(specification, version, environment, database)
        self._running[id_] = _Running(specification, airflow)
        try:
            async with self._starts:
                await airflow.make_user()
                airflow.start()
                await airflow.until_healthy()
        except BaseException:
            await asyncio.shield(self.hibernate(id_))
            raise
        await self.databases.forget_before(id_)
        return airflow.spec.endpoint

    async def observe(self, deployment_id: DeploymentId) -> Sequence[str]:
        """Return what its processes and its own report of its health say."""
        present = self._running.get(deployment_id)
        return ("it does not run",) if present is None else await present.airflow.complaints()

    def parts(self, deployment_id: DeploymentId) -> Sequence[PartStatus]:
        """Return the components of a deployment as they are; none of one that does not run."""
        present = self._running.get(deployment_id)
        return present.airflow.status() if present else ()

    async def hibernate(self, deployment_id: DeploymentId) -> None:
        """End its processes, each within the grace; database, logs and DAGs stay."""
        if present := self._running.pop(deployment_id, None):
            await present.airflow.stop()
        await end_marked(self._deployments, deployment_id)

    async def delete(self, deployment_id: DeploymentId) -> Sequence[str]:
        """End its processes and drop its databases, its role and its folder."""
        if present := self._running.pop(deployment_id, None):
            await present.airflow.stop(within_s=_LEAVING_S)
        await end_marked(self._deployments, deployment_id)
        await self.databases.drop(deployment_id)
        left = [f"process {pid}" for pid in await asyncio.to_thread(marked, self._deployments, deployment_id)]
        folder = self._deployments / deployment_id  # and the record of its account
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        left += [f"database {name}" for name in await self.databases.names() if name == name_of(deployment_id)]
        return [*left, *([f"folder {folder.name}"] if folder.exists() else [])]

    async def list_managed(self) -> Collection[DeploymentId]:
        """Return whoever has processes, a folder, a database or a role."""
        found = set((await asyncio.to_thread(marked, self._deployments)).values())
        found |= {DeploymentId(name.removeprefix(PREFIX)) for name in await self.databases.names()}
        if self._deployments.exists():
            found |= {DeploymentId(path.name) for path in self._deployments.iterdir()}
        return found - {DeploymentId(_TEMPLATE)}

    async def stop(self) -> None:
        """End every Airflow within about two seconds."""
        running = list(self._running.values())
        self._running.clear()
        await asyncio.gather(*(each.airflow.stop(within_s=_LEAVING_S) for each in running))
        await end_marked(self._deployments)

    def _dags(self, deployment_id: DeploymentId) -> DagFolder:
        return DagFolder(self._deployments / deployment_id, self.bundles, self._account(deployment_id))

    def _account(self, name: str) -> Account | None:
        return Accounts(self._deployments).of(name)

    @property
    def _deployments(self) -> Path:
        return self.folder / "deployments"

    async def _database(
        self, specification: Specification, version: Version, environment: Environment
    ) -> DatabaseAddress:
        id_, password = specification.deployment_id, specification.secrets.database_password
        await self.databases.mend(id_, version)
        present = await self.databases.version(id_)
        migrate = partial(self._migrate, specification, version, environment)
        if present and present != version.number:
            return await self.databases.upgrade(id_, version, password, migrate)
        template = partial(self._migrate_template, specification, version, environment)
        await self.databases.ensure_template(version, password, template)
        return await self.databases.create(id_, version, password)

    async def _migrate(
        self,
        specification: Specification,
        version: Version,
        environment: Environment,
        database: DatabaseAddress,
        _: str,
    ) -> None:
        await self._airflow(specification, version, environment, database).migrate()

    async def _migrate_template(
        self,
        specification: Specification,
        version: Version,
        environment: Environment,
        database: DatabaseAddress,
        _: str,
    ) -> None:
        # Its own folder and none of the deployment's variables: the template is everybody's.
        folder = self._deployments / _TEMPLATE
        spec = self._spec(specification, version, database, folder=folder, env={})
        try:
            await self._of(spec, environment).migrate()
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    def _airflow(
        self, specification: Specification, version: Version, environment: Environment, database: DatabaseAddress
    ) -> Airflow:
        folder = self._deployments / specification.deployment_id
        spec = self._spec(specification, version, database, folder=folder, env=specification.env)
        return self._of(spec, environment, self._task_logs(spec))

    def _task_logs(self, spec: AirflowSpec) -> TaskLogs | None:
        """Return what follows the logs of tasks; nothing where a component repeats them."""
        if self.tasks is None or (spec.version.echoes and spec.executor is Executor.LOCAL):
            return None
        part = Part.SCHEDULER if spec.executor is Executor.LOCAL else Part.WORKER
        uid = spec.account.uid if spec.account else os.geteuid()
        return TaskLogs(spec.home / "logs", uid, partial(self.tasks, spec.deployment_id, part))

    def _of(self, spec: AirflowSpec, environment: Environment, task_logs: TaskLogs | None = None) -> Airflow:
        return Airflow(
            spec=spec,
            environment=environment,
            outside=self.outside,
            on_output=self.lines(spec.deployment_id),
            grace_s=GRACE_S,
            task_logs=task_logs,
        )

    def _spec(
        self,
        specification: Specification,
        version: Version,
        database: DatabaseAddress,
        *,
        folder: Path,
        env: Mapping[str, str],
    ) -> AirflowSpec:
        return AirflowSpec(
            deployment_id=specification.deployment_id,
            version=version,
            folder=folder,
            mark=mark_of(self._deployments, folder.name),
            port=free_port(),
            database=database,
            secrets=specification.secrets,
            executor=specification.executor,
            parallelism=_parallelism(specification),
            triggerer=specification.triggerer_replicas > 0,
            account=self._account(folder.name),
            base_url=specification.base_url,
            env=env,
        )


def _version(specification: Specification) -> Version:
    try:
        return version_of(specification.airflow_version)
    except Invalid as error:
        raise StepFailed("choose the version", f"failed: {error.text}", ()) from error


def _parallelism(specification: Specification) -> int:
    """Return how many tasks run at once: the replicas of `workers` in the configuration, at most 4."""
    workers = specification.config.get("workers")
    replicas = workers.get("replicas") if isinstance(workers, Mapping) else None
    if isinstance(replicas, bool) or not isinstance(replicas, int):
        return _PARALLELISM
    return max(1, min(replicas, MOST_PARALLEL))
