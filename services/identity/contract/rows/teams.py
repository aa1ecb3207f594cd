"""The rows of teams, their members and their roles."""

from datetime import datetime

from services.identity.contract.ids import TeamId, UserId
from services.identity.contract.rows.people import BindingRow, UserRow
from services.identity.contract.rows.workspaces import WorkspaceRow
from shared.messages import Message, Row


class TeamRow(Row):
    """A team. `created_by`, `updated_by`: the ids of who did so last, with their kinds as of a principal.

    `roles` holds at most MOST_ROLES of the bindings that the asker may see, those on the system first; `more_roles`
    says that there are others, which the query TeamBindings lists. A change of members does not count as an update.
    """

    id: TeamId
    name: str
    description: str = ""
    roles: tuple[BindingRow, ...] = ()
    more_roles: bool = False
    created_at: datetime
    created_by: str
    created_by_kind: str
    updated_at: datetime
    updated_by: str
    updated_by_kind: str


class TeamList(Message):
    """Teams by rising id; `more`: there are others behind the last, or before the first where those were asked for.

    `count`: how many the whole list has, whatever the page.
    """

    rows: tuple[TeamRow, ...] = ()
    more: bool = False
    count: int = 0


class TeamBindingRow(BindingRow):
    """A role of a team on an entity."""

    team_id: TeamId


class TeamBindingList(Message):
    """Bindings by rising id; `more`: ask again with `after_id` = the last id.

    `forbidden`: entities whose teams the asker may not see, among those that were asked for.
    """

    rows: tuple[TeamBindingRow, ...] = ()
    forbidden: tuple[str, ...] = ()
    more: bool = False


class TeamRole(Message):
    """A team's binding that was set, or as it was before it was taken away; with the workspace that it is on."""

    binding: TeamBindingRow
    workspace: WorkspaceRow | None = None


class MembershipRow(Row):
    """A person's place in a team; `id` is made of both ids."""

    id: str
    team_id: TeamId
    user_id: UserId
    created_at: datetime


class MembershipList(Message):
    """Memberships by rising id; `more`: ask again with `after_id` = the last id.

    `forbidden`: persons whose teams the asker may not see, among those that were asked for.
    """

    rows: tuple[MembershipRow, ...] = ()
    forbidden: tuple[UserId, ...] = ()
    more: bool = False


class TeamMemberRow(MembershipRow):
    """A member of a team."""

    user: UserRow


class TeamMemberList(Message):
    """Members by rising id of the membership; `more`: ask again with `after_id` = the last id.

    `count`: how many the one team has that was asked for in an order.
    """

    rows: tuple[TeamMemberRow, ...] = ()
    more: bool = False
    count: int = 0
