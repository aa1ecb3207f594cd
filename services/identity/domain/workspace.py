"""A workspace: created, renamed, deleted once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias, assert_never

from services.identity.contract import WorkspaceCreated, WorkspaceDeleted, WorkspaceEvent, WorkspaceId, WorkspaceUpdated
from shared.errors import NotFound, Rejected


@dataclass(frozen=True, slots=True)
class Create:
    """Make a workspace."""

    workspace_id: WorkspaceId
    label: str
    description: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Update:
    """Change its texts; None leaves one as it is."""

    workspace_id: WorkspaceId
    label: str | None
    description: str | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete it. `again`: it is right if somebody else has just done so."""

    workspace_id: WorkspaceId
    now: datetime
    again: bool = False


WorkspaceCommand: TypeAlias = Create | Update | Delete


@dataclass(frozen=True, slots=True)
class Absent:
    """Never made."""


@dataclass(frozen=True, slots=True)
class Live:
    """In use."""

    label: str
    description: str


@dataclass(frozen=True, slots=True)
class Deleted:
    """Gone for good."""


Workspace: TypeAlias = Absent | Live | Deleted

ABSENT: Final = Absent()


def decide(command: WorkspaceCommand, workspace: Workspace) -> list[WorkspaceEvent]:
    """Return the events that `command` causes; raise NotFound or Rejected where a rule forbids it."""
    match command:
        case Create(workspace_id, label, description, now):
            if not isinstance(workspace, Absent):
                raise Rejected("the workspace exists already")
            return [WorkspaceCreated(workspace_id=workspace_id, label=label, description=description, created_at=now)]
        case Update():
            return _update(command, live(workspace))
        case Delete(workspace_id, now, again):
            if again and isinstance(workspace, Deleted):
                return []
            live(workspace)
            return [WorkspaceDeleted(workspace_id=workspace_id, deleted_at=now)]
        case _:
            assert_never(command)


def evolve(workspace: Workspace, event: WorkspaceEvent) -> Workspace:
    """Return the workspace after `event`."""
    match event:
        case WorkspaceCreated(label=label, description=description):
            return Live(label=label, description=description)
        case WorkspaceUpdated(label=label, description=description):
            return Live(label=label, description=description) if isinstance(workspace, Live) else workspace
        case WorkspaceDeleted():
            return Deleted()
        case _:
            assert_never(event)


def live(workspace: Workspace) -> Live:
    """Return the workspace if it is in use; raise NotFound if not."""
    if not isinstance(workspace, Live):
        raise NotFound("there is no such workspace")
    return workspace


def _update(command: Update, workspace: Live) -> list[WorkspaceEvent]:
    label = workspace.label if command.label is None else command.label
    description = workspace.description if command.description is None else command.description
    if (label, description) == (workspace.label, workspace.description):
        return []
    return [
        WorkspaceUpdated(
            workspace_id=command.workspace_id, label=label, description=description, updated_at=command.now
        )
    ]
