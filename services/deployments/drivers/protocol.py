"""What every driver can do; all of it may be repeated."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from services.deployments.contract import DeploymentId, Executor, JsonObject, Rule, State
from shared.errors import Rejected


@dataclass(frozen=True, slots=True, kw_only=True)
class Specification:
    """What a deployment shall be. `env` holds secrets: it is never logged."""

    deployment_id: DeploymentId
    release_name: str
    executor: Executor
    airflow_version: str
    config: JsonObject
    env: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Observed:
    """What the driver sees: the last generation it was told, and whether that is up.

    `state` is DEPLOYING, HEALTHY, DELETING, DELETED, or UNKNOWN for a deployment that the driver was never told of.
    """

    generation: int
    state: State


class StaleGeneration(Rejected):
    """A wish that is older than the last one that the driver was told."""

    def __init__(self, generation: int) -> None:
        super().__init__(f"generation {generation} is older than the last one", rule=Rule.STALE_GENERATION)


class Driver(Protocol):
    """Brings deployments up and takes them down.

    Every method may be called again with the same arguments, also by another replica, and after a crash at any point.
    """

    @property
    def name(self) -> str: ...

    async def apply(self, specification: Specification, *, generation: int) -> None:
        """Begin to bring this generation up; `observe` tells when it is. Raises StaleGeneration."""
        ...

    async def delete(self, deployment_id: DeploymentId, *, generation: int) -> None:
        """Begin to take everything of it down; `observe` tells when nothing is left. Raises StaleGeneration."""
        ...

    async def observe(self, deployment_id: DeploymentId) -> Observed:
        """Return what is there now."""
        ...
