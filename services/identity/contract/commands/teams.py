"""The wishes about teams."""

from typing import Annotated, ClassVar, Final

from pydantic import Field

from services.identity.contract.commands.bindings import BindMode
from services.identity.contract.commands.wish import Wish
from services.identity.contract.commands.workspaces import MOST_NAMED, DeploymentRole
from services.identity.contract.ids import BindingId, TeamId, UserId, new_binding_id, new_team_id
from services.identity.contract.permissions import Interface, Role
from services.identity.contract.rows import TeamRole, TeamRow
from shared.messages import Generated, Message

MOST_MEMBERS_AT_ONCE: Final = 500
"""Persons that one command can add to a team."""


class CreateTeam(Wish[TeamRow]):
    """Create a team, with members; names need not be unique.

    Permission: system.teams.create and, for a `role` on the system, what SetTeamRole takes. NotFound, and nothing is
    made, where one of `member_ids` is nobody; duplicates count once. Raises Invalid (invalid_text).
    """

    subject: ClassVar[str] = "identity.command.create_team"

    name: str
    description: str = ""
    member_ids: tuple[UserId, ...] = Field(default=(), max_length=MOST_MEMBERS_AT_ONCE)
    role: Role | None = None
    team_id: Annotated[TeamId, Generated()] = Field(default_factory=new_team_id)
    binding_id: Annotated[BindingId, Generated()] = Field(default_factory=new_binding_id)


class UpdateTeam(Wish[TeamRow]):
    """Change the name or the description of a team; None leaves one as it is.

    Permission: system.teams.update. NotFound when there is none.
    """

    subject: ClassVar[str] = "identity.command.update_team"

    team_id: TeamId
    name: str | None = None
    description: str | None = None


class DeleteTeam(Wish[TeamRow]):
    """Delete a team: its memberships and all that it gave to its members end at once. The answer is as it was before.

    Permission: system.teams.delete. NotFound when there is none.
    """

    subject: ClassVar[str] = "identity.command.delete_team"

    team_id: TeamId


class AddTeamMembers(Wish[TeamRow]):
    """Put persons into a team, all or none; who is in it already stays since when they are.

    Permission: system.teams.update, and every permission of the team's roles. NotFound where there is no such team, or
    one of `user_ids` is nobody. Pending and invited persons may be members; they hold its roles once they are active.
    """

    subject: ClassVar[str] = "identity.command.add_team_members"

    team_id: TeamId
    user_ids: tuple[UserId, ...] = Field(min_length=1, max_length=MOST_MEMBERS_AT_ONCE)


class RemoveTeamMember(Wish[TeamRow]):
    """Take a person out of a team; what it gave them ends at once.

    Permission: system.teams.update. NotFound where there is no such team, or the person is no member.
    """

    subject: ClassVar[str] = "identity.command.remove_team_member"

    team_id: TeamId
    user_id: UserId


class SetTeamRole(Wish[TeamRole]):
    """Give a team a role on `entity`: `system`, `workspace:<id>` or `deployment:<id>`; one role an entity.

    `mode` says what the team may have there already; roles are compared as `interface` shows them. Permission:
    system.iam.update, workspace.iam.update, or deployment.teamRoles.update on the deployment or its workspace; and
    every permission of `role`. Rejected: invalid_role, duplicate_binding. NotFound for an unknown team or entity, and
    with CHANGE where the team has no role there. `deployment_roles` come along on deployments of a workspace, under the
    same conditions.
    """

    subject: ClassVar[str] = "identity.command.set_team_role"

    team_id: TeamId
    entity: str
    role: Role
    deployment_roles: tuple[DeploymentRole, ...] = Field(default=(), max_length=MOST_NAMED)
    mode: BindMode = BindMode.SET
    interface: Interface = Interface.GRAPHQL
    deployment_binding_ids: Annotated[tuple[BindingId, ...], Generated()] = Field(
        default_factory=lambda wish: tuple(new_binding_id() for _ in wish["deployment_roles"])
    )
    binding_id: Annotated[BindingId, Generated()] = Field(default_factory=new_binding_id)


class RemoveTeamRole(Wish[TeamRole]):
    """Take a team's role on an entity away, on a workspace with those on its deployments; the answer is it as it was.

    Permission: as for SetTeamRole. NotFound where the team has no role there, or not one that `interface` shows as
    `role`, where that is given.
    """

    subject: ClassVar[str] = "identity.command.remove_team_role"

    team_id: TeamId
    entity: str
    role: Role | None = None
    interface: Interface = Interface.GRAPHQL


class GivenRole(Message):
    """A role on an entity: `system`, `workspace:<id>` or `deployment:<id>`."""

    entity: str
    role: Role


class SetTeamRoles(Wish[TeamRow]):
    """Give a team exactly these roles, one an entity: what it has elsewhere is taken away.

    Roles are compared as `interface` shows them, so what is written back as it was shown stays; what it can't show
    stays, too. A team without a role on the system is shown as one of members. Permission: for each entity on which
    something changes, as for SetTeamRole. Invalid (duplicate_binding) for two roles on one entity; Rejected:
    invalid_role. NotFound for an unknown team or entity.
    """

    subject: ClassVar[str] = "identity.command.set_team_roles"

    team_id: TeamId
    roles: tuple[GivenRole, ...] = Field(max_length=MOST_NAMED)
    interface: Interface = Interface.REST
    binding_ids: Annotated[tuple[BindingId, ...], Generated()] = Field(
        default_factory=lambda wish: tuple(new_binding_id() for _ in wish["roles"])
    )
