"""What every driver can do; all of it may be repeated, and may be begun again after a crash at any point."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, Self

from pydantic import JsonValue

from services.deployments.contract import AirflowSecrets, DeploymentId, Executor, JsonObject
from shared.errors import Unavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a driver offers; `airflow_versions` newest first, None: whatever is asked for.

    `images`: it runs images. `dags`: it runs DAG files that are sent; else they come with the image.
    """

    executors: tuple[Executor, ...]
    default_executor: Executor
    airflow_versions: tuple[str, ...] | None = None
    images: bool = False
    dags: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Specification:
    """What a deployment shall be; `env` and `secrets` are never logged.

    `bundle`: the SHA-256 of its DAG files. `base_url`: where people reach its pages, "" where they don't.
    """

    deployment_id: DeploymentId
    release_name: str
    executor: Executor
    airflow_version: str
    version: str = ""
    config: JsonObject
    properties: JsonObject = field(default_factory=dict[str, JsonValue])
    triggerer_replicas: int = 1
    bundle: str = ""
    base_url: str = ""
    env: Mapping[str, str] = field(repr=False)
    secrets: AirflowSecrets = field(repr=False)

    def same_but_dags(self, other: Self) -> bool:
        """Say whether what runs of one need not start again to be the other."""
        return replace(self, bundle="") == replace(other, bundle="")


class StepFailed(Unavailable):
    """A step of bringing a deployment up or down has failed; the text names it and ends with the last lines."""

    def __init__(self, step: str, why: str, lines: Sequence[str]) -> None:
        super().__init__("\n".join((f"{step} {why}", *lines)))
        self.step = step
        self.why = why
        self.lines = tuple(lines)


class Driver(Protocol):
    """Brings deployments up and takes them down. One process at a time uses it: the one that holds its lease."""

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

    async def apply(self, specification: Specification) -> str:
        """Bring a deployment to what is specified and return when it is healthy; the answer is where its door is.

        What runs already and is the same goes on. Raises StepFailed. Cancelled, it leaves what it can go on with.
        """
        ...

    async def observe(self, deployment_id: DeploymentId) -> Sequence[str]:
        """Return what is wrong with a deployment that was applied; nothing: it is healthy."""
        ...

    async def hibernate(self, deployment_id: DeploymentId) -> None:
        """Stop a deployment and keep all of its data; it may never have been applied."""
        ...

    async def delete(self, deployment_id: DeploymentId) -> Sequence[str]:
        """Take down all of a deployment, its data too; return the names of what is left, nothing after a success."""
        ...

    async def list_managed(self) -> Collection[DeploymentId]:
        """Return every deployment of which there is anything: processes, data, half-made things."""
        ...

    async def stop(self) -> None:
        """End all that must not outlive this process, quickly and for good; data stay."""
        ...
