"""The facts about workspaces."""

from datetime import datetime
from typing import ClassVar, TypeAlias

from services.identity.contract.ids import WorkspaceId
from shared.messages import Event


class WorkspaceCreated(Event):
    type_name: ClassVar[str] = "workspace.created"

    workspace_id: WorkspaceId
    label: str
    description: str
    created_at: datetime


class WorkspaceUpdated(Event):
    type_name: ClassVar[str] = "workspace.updated"

    workspace_id: WorkspaceId
    label: str
    description: str
    updated_at: datetime


class WorkspaceDeleted(Event):
    """A workspace is gone; bindings, invitations and service accounts of it count no more."""

    type_name: ClassVar[str] = "workspace.deleted"

    workspace_id: WorkspaceId
    deleted_at: datetime


WorkspaceEvent: TypeAlias = WorkspaceCreated | WorkspaceUpdated | WorkspaceDeleted
