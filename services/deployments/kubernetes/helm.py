"""Helm: a child process for each step; it is given values without secrets, and never waits for pods."""

import json
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from services.deployments.contract import JsonObject
from services.deployments.kubernetes.cluster import Cluster, step
from services.deployments.kubernetes.names import Place
from services.deployments.runner.processes import Command, run_step

STEP_S: Final = 300.0
_OURS: Final = "AERODROME_"
_HISTORY: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Which chart: its name in `repository`, an oci:// address, or a path, then without repository and version."""

    name: str
    repository: str
    version: str

    @property
    def words(self) -> tuple[str, ...]:
        """What helm is told of it."""
        if self.name.startswith("oci://"):
            return (self.name, "--version", self.version)
        if "/" in self.name:
            return (self.name,)
        return (self.name, "--repo", self.repository, "--version", self.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Helm:
    """`program` is its path; `outside` the environment of this process, of which it gets all but our own settings."""

    program: str
    chart: Chart
    cluster: Cluster
    outside: Mapping[str, str] = field(repr=False)

    async def upgrade(self, place: Place, values: JsonObject, blotted: Collection[str]) -> None:
        """Install or change a release; raises StepFailed with helm's last lines.

        A helm that was killed leaves its release locked, and a job can't be changed, so both are cleared away first.
        """
        await self._unlock(place)
        await self._drop_jobs(place)
        with tempfile.TemporaryDirectory(prefix="aerodrome-helm-") as folder:
            file = Path(folder) / "values.json"
            file.write_text(json.dumps(values), encoding="utf-8")
            words = ("upgrade", "--install", place.release, *self.chart.words, "--values", str(file))
            await self._run("helm upgrade", place, (*words, "--history-max", str(_HISTORY)), blotted)

    async def uninstall(self, place: Place) -> None:
        """Take a release down; nothing happens if there is none."""
        await self._unlock(place)
        if await self._records(place, ""):
            await self._run("helm uninstall", place, ("uninstall", place.release), ())

    async def _run(self, name: str, place: Place, words: tuple[str, ...], blotted: Collection[str]) -> None:
        command = Command(
            program=(self.program, *words, "--namespace", place.namespace),
            environment={key: value for key, value in self.outside.items() if not key.startswith(_OURS)},
            folder=Path("/"),
            secrets=blotted,
        )
        await run_step(name, command, timeout_s=STEP_S)

    async def _unlock(self, place: Place) -> None:
        """Drop the records of operations that never ended: nobody but us has helm work on our releases."""
        with step("unlock the release"):
            for name in await self._records(place, ",status in (pending-install,pending-upgrade,pending-rollback)"):
                await self.cluster.delete(f"{place.path}/secrets/{name}")

    async def _records(self, place: Place, more: str) -> list[str]:
        selector = f"owner=helm,name={place.release}{more}"
        found, _ = await self.cluster.list(f"{place.path}/secrets", labelSelector=selector)
        return [_name(each) for each in found]

    async def _drop_jobs(self, place: Place) -> None:
        with step("drop the jobs"):
            jobs = f"/apis/batch/v1/namespaces/{place.namespace}/jobs"
            found, _ = await self.cluster.list(jobs, labelSelector=f"tier=airflow,release={place.release}")
            for each in found:
                await self.cluster.delete(f"{jobs}/{_name(each)}")


def _name(found: JsonObject) -> str:
    metadata = found["metadata"]
    assert isinstance(metadata, dict)
    return str(metadata["name"])
