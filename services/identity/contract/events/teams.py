"""The facts about teams. Who did something stands in the metadata of each."""

from datetime import datetime
from typing import ClassVar, TypeAlias

from services.identity.contract.ids import BindingId, TeamId, UserId
from services.identity.contract.permissions import Role
from shared.messages import Event


class TeamCreated(Event):
    type_name: ClassVar[str] = "team.created"

    team_id: TeamId
    name: str
    description: str
    created_at: datetime


class TeamUpdated(Event):
    type_name: ClassVar[str] = "team.updated"

    team_id: TeamId
    name: str
    description: str
    updated_at: datetime


class TeamDeleted(Event):
    """A team is gone with its members and roles."""

    type_name: ClassVar[str] = "team.deleted"

    team_id: TeamId
    deleted_at: datetime


class TeamMembersAdded(Event):
    """Persons became members who were none; one event for all of a command, so that a big team has a short stream."""

    type_name: ClassVar[str] = "team.members_added"

    team_id: TeamId
    user_ids: tuple[UserId, ...]
    added_at: datetime


class TeamMemberRemoved(Event):
    type_name: ClassVar[str] = "team.member_removed"

    team_id: TeamId
    user_id: UserId
    removed_at: datetime


class TeamRoleGranted(Event):
    type_name: ClassVar[str] = "team.role_granted"

    team_id: TeamId
    binding_id: BindingId
    role: Role
    entity: str
    granted_at: datetime


class TeamRoleChanged(Event):
    type_name: ClassVar[str] = "team.role_changed"

    team_id: TeamId
    binding_id: BindingId
    role: Role
    entity: str
    changed_at: datetime


class TeamRoleRevoked(Event):
    type_name: ClassVar[str] = "team.role_revoked"

    team_id: TeamId
    binding_id: BindingId
    entity: str
    revoked_at: datetime


TeamEvent: TypeAlias = (
    TeamCreated
    | TeamUpdated
    | TeamDeleted
    | TeamMembersAdded
    | TeamMemberRemoved
    | TeamRoleGranted
    | TeamRoleChanged
    | TeamRoleRevoked
)
