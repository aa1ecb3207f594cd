"""Where a deployment is: placed in one workspace for as long as it lives."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias, assert_never

from services.identity.contract import DeploymentEvent, DeploymentGone, DeploymentId, DeploymentPlaced, WorkspaceId
from shared.errors import NotFound


@dataclass(frozen=True, slots=True)
class Place:
    """It was created in a workspace."""

    deployment_id: DeploymentId
    workspace_id: WorkspaceId
    now: datetime


@dataclass(frozen=True, slots=True)
class End:
    """It was deleted."""

    deployment_id: DeploymentId
    now: datetime


DeploymentCommand: TypeAlias = Place | End


@dataclass(frozen=True, slots=True)
class Absent:
    """Never heard of."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Lives in a workspace."""

    workspace_id: WorkspaceId


@dataclass(frozen=True, slots=True)
class Gone:
    """Lives no more."""


Deployment: TypeAlias = Absent | Placed | Gone

ABSENT: Final = Absent()


def decide(command: DeploymentCommand, deployment: Deployment) -> list[DeploymentEvent]:
    """Return the events that `command` causes; what was told before changes nothing."""
    match command:
        case Place(deployment_id, workspace_id, now):
            if not isinstance(deployment, Absent):
                return []
            return [DeploymentPlaced(deployment_id=deployment_id, workspace_id=workspace_id, placed_at=now)]
        case End(deployment_id, now):
            if not isinstance(deployment, Placed):
                return []
            return [DeploymentGone(deployment_id=deployment_id, workspace_id=deployment.workspace_id, gone_at=now)]
        case _:
            assert_never(command)


def evolve(_deployment: Deployment, event: DeploymentEvent) -> Deployment:
    """Return the deployment after `event`."""
    match event:
        case DeploymentPlaced(workspace_id=workspace_id):
            return Placed(workspace_id=workspace_id)
        case DeploymentGone():
            return Gone()
        case _:
            assert_never(event)


def placed(deployment: Deployment) -> Placed:
    """Return the deployment if it lives; raise NotFound if not."""
    if not isinstance(deployment, Placed):
        raise NotFound("there is no such deployment")
    return deployment
