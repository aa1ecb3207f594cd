"""What is told of roles on entities: whose they are, and the groups of 2018 that they form."""

from services.identity.contract.ids import WorkspaceId
from services.identity.contract.permissions import Role
from services.identity.contract.rows.people import BindingRow, UserRow
from shared.messages import Message, Row


class Bound(Message):
    """A person and their role on an entity, as it is or, taken away, as it was; None where there never was one.

    The person's other roles are left out of `user`.
    """

    user: UserRow
    binding: BindingRow | None = None


class GroupRow(Row):
    """All who hold one role on one entity; `workspace_id` is "" for a group of the system."""

    id: str
    label: str
    entity: str
    role: Role
    workspace_id: WorkspaceId


class GroupList(Message):
    """Groups in the order that they were asked for; `forbidden`: entities whose groups the asker may not see."""

    rows: tuple[GroupRow, ...] = ()
    forbidden: tuple[str, ...] = ()
