"""The rules of stream `deployment-<id>`: a deployment's wishes and what its driver reported of them."""

from dataclasses import dataclass, replace
from typing import Final, TypeAlias, assert_never

from services.deployments.contract import (
    CreateDeployment,
    DeleteDeployment,
    DeploymentBecameHealthy,
    DeploymentCreated,
    DeploymentDeleted,
    DeploymentEvent,
    DeploymentRemoved,
    ReportHealthy,
    ReportRemoved,
    WorkspaceId,
)
from services.deployments.domain.specification import (
    DEFAULT_AIRFLOW_VERSION,
    DEFAULT_CHART_VERSION,
    alert_emails_of,
    check_specification,
    config_of,
    env_of,
    executor_of,
    properties_of,
)
from shared.decider import Decider
from shared.errors import NotFound, Rejected

DeploymentCommand: TypeAlias = CreateDeployment | DeleteDeployment | ReportHealthy | ReportRemoved


@dataclass(frozen=True, slots=True)
class Absent:
    """Nothing of that id was ever created."""


@dataclass(frozen=True, slots=True)
class Live:
    """It is wanted; `healthy` says that its driver has brought this generation up."""

    workspace_id: WorkspaceId
    label: str
    generation: int
    healthy: bool = False


@dataclass(frozen=True, slots=True)
class Deleted:
    """It is no longer wanted; `hard`: its record goes too; `removed`: its driver has left nothing of it."""

    generation: int
    hard: bool
    removed: bool = False


Deployment: TypeAlias = Absent | Live | Deleted


def decide(command: DeploymentCommand, deployment: Deployment) -> list[DeploymentEvent]:
    """Return the events that `command` causes; raise Rejected, Invalid or NotFound where a rule forbids it.

    A report of what is no longer wanted, or was reported before, causes none.
    """
    match command:
        case CreateDeployment():
            return _create(command, deployment)
        case DeleteDeployment():
            return _delete(command, deployment)
        case ReportHealthy():
            return _report_healthy(command, deployment)
        case ReportRemoved():
            return _report_removed(command, deployment)
        case _:
            assert_never(command)


def evolve(deployment: Deployment, event: DeploymentEvent) -> Deployment:
    """Return the state after `event`."""
    match event:
        case DeploymentCreated():
            return Live(workspace_id=event.workspace_id, label=event.label, generation=event.generation)
        case DeploymentBecameHealthy():
            return replace(deployment, healthy=True) if isinstance(deployment, Live) else deployment
        case DeploymentDeleted():
            return Deleted(generation=event.generation, hard=event.hard)
        case DeploymentRemoved():
            return replace(deployment, removed=True) if isinstance(deployment, Deleted) else deployment
        case _:
            assert_never(event)


DEPLOYMENT: Final[Decider[DeploymentCommand, Deployment, DeploymentEvent]] = Decider(
    kind="deployment", initial=Absent(), decide=decide, evolve=evolve
)


def _create(command: CreateDeployment, deployment: Deployment) -> list[DeploymentEvent]:
    if not isinstance(deployment, Absent):
        raise Rejected("the deployment exists, expected a new id")
    check_specification(command)
    created = DeploymentCreated(
        deployment_id=command.deployment_id,
        workspace_id=command.workspace_id,
        label=command.label,
        description=command.description,
        release_name=command.release_name or command.release_names[0],
        type=command.type,
        version=command.version or DEFAULT_CHART_VERSION,
        airflow_version=command.airflow_version or DEFAULT_AIRFLOW_VERSION,
        executor=executor_of(command),
        config=config_of(command),
        properties=properties_of(command),
        env_keys=tuple(variable.key for variable in command.env),
        env=env_of(command),
        alert_emails=alert_emails_of(command),
        created_at=command.now,
    )
    return [created]


def _delete(command: DeleteDeployment, deployment: Deployment) -> list[DeploymentEvent]:
    if not isinstance(deployment, Live):
        raise NotFound("the deployment does not exist")
    deleted = DeploymentDeleted(
        deployment_id=command.deployment_id,
        workspace_id=deployment.workspace_id,
        hard=command.hard,
        generation=deployment.generation + 1,
        deleted_at=command.now,
    )
    return [deleted]


def _report_healthy(command: ReportHealthy, deployment: Deployment) -> list[DeploymentEvent]:
    if not isinstance(deployment, Live) or deployment.healthy or deployment.generation != command.generation:
        return []
    return [
        DeploymentBecameHealthy(
            deployment_id=command.deployment_id, generation=command.generation, became_healthy_at=command.now
        )
    ]


def _report_removed(command: ReportRemoved, deployment: Deployment) -> list[DeploymentEvent]:
    if not isinstance(deployment, Deleted) or deployment.removed or deployment.generation != command.generation:
        return []
    return [
        DeploymentRemoved(deployment_id=command.deployment_id, generation=command.generation, removed_at=command.now)
    ]
