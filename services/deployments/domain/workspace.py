"""The rules of stream `workspace_deployments-<id>`: what lives in a workspace, and that a closed one stays empty.

Labels are no part of the state: a claim holds each of them, so that a long stream costs nothing to fold.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias, assert_never

from services.deployments.contract import (
    CloseWorkspace,
    DeploymentId,
    Rule,
    WorkspaceDeploymentAdded,
    WorkspaceDeploymentDropped,
    WorkspaceEvent,
    WorkspaceId,
    WorkspaceWasClosed,
)
from shared.decider import Decider
from shared.errors import Rejected


@dataclass(frozen=True, slots=True)
class AddDeployment:
    """A deployment is created in the workspace."""

    workspace_id: WorkspaceId
    deployment_id: DeploymentId
    label: str
    now: datetime


@dataclass(frozen=True, slots=True)
class DropDeployment:
    """A deployment of the workspace is deleted."""

    workspace_id: WorkspaceId
    deployment_id: DeploymentId
    now: datetime


WorkspaceCommand: TypeAlias = AddDeployment | DropDeployment | CloseWorkspace


@dataclass(frozen=True, slots=True)
class Open:
    """Deployments may be created; `living` are there."""

    living: int = 0


@dataclass(frozen=True, slots=True)
class Closed:
    """None lives here and none ever will."""


Workspace: TypeAlias = Open | Closed


def decide(command: WorkspaceCommand, workspace: Workspace) -> list[WorkspaceEvent]:
    """Return the events that `command` causes; raise Rejected where a rule forbids it."""
    match command:
        case AddDeployment():
            return _add(command, workspace)
        case DropDeployment():
            return [
                WorkspaceDeploymentDropped(
                    workspace_id=command.workspace_id, deployment_id=command.deployment_id, dropped_at=command.now
                )
            ]
        case CloseWorkspace():
            return _close(command, workspace)
        case _:
            assert_never(command)


def evolve(workspace: Workspace, event: WorkspaceEvent) -> Workspace:
    """Return the state after `event`."""
    if isinstance(workspace, Closed):
        return workspace
    match event:
        case WorkspaceDeploymentAdded():
            return Open(living=workspace.living + 1)
        case WorkspaceDeploymentDropped():
            return Open(living=workspace.living - 1)
        case WorkspaceWasClosed():
            return Closed()
        case _:
            assert_never(event)


WORKSPACE: Final[Decider[WorkspaceCommand, Workspace, WorkspaceEvent]] = Decider(
    kind="workspace_deployments", initial=Open(), decide=decide, evolve=evolve
)


def _add(command: AddDeployment, workspace: Workspace) -> list[WorkspaceEvent]:
    if isinstance(workspace, Closed):
        raise Rejected("the workspace is closed for deployments", rule=Rule.WORKSPACE_CLOSED)
    return [
        WorkspaceDeploymentAdded(
            workspace_id=command.workspace_id,
            deployment_id=command.deployment_id,
            label=command.label,
            added_at=command.now,
        )
    ]


def _close(command: CloseWorkspace, workspace: Workspace) -> list[WorkspaceEvent]:
    if isinstance(workspace, Closed):
        return []
    if workspace.living:
        raise Rejected(f"{workspace.living} deployments live in the workspace", rule=Rule.DEPLOYMENTS_EXIST)
    return [WorkspaceWasClosed(workspace_id=command.workspace_id, closed_at=command.now)]
