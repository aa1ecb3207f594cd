"""The rows of workspaces and their members."""

from datetime import datetime

from services.identity.contract.ids import BindingId, WorkspaceId
from services.identity.contract.permissions import Role
from services.identity.contract.rows.people import UserRow
from shared.messages import Message, Row


class WorkspaceRow(Row):
    """A workspace."""

    id: WorkspaceId
    label: str
    description: str = ""
    created_at: datetime
    updated_at: datetime


class WorkspaceUser(Message):
    """A workspace and the person whose place in it was changed."""

    workspace: WorkspaceRow
    user: UserRow


class WorkspaceList(Message):
    """Workspaces by rising id; `more`: ask again with `after_id` = the last id."""

    rows: tuple[WorkspaceRow, ...] = ()
    more: bool = False


class MemberRow(Row):
    """A person's place in a workspace; `id` is that of the binding."""

    id: BindingId
    workspace_id: WorkspaceId
    role: Role
    user: UserRow
    created_at: datetime
    updated_at: datetime


class MemberList(Message):
    """Members by rising binding id; `more`: ask again with `after_id` = the last id.

    `forbidden`: workspaces whose members the asker may not see, among those that were asked for.
    """

    rows: tuple[MemberRow, ...] = ()
    forbidden: tuple[WorkspaceId, ...] = ()
    more: bool = False
