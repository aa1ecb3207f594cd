"""What may happen to a team."""

from datetime import datetime
from typing import assert_never

from services.identity.contract import (
    BindingId,
    BindMode,
    Rule,
    TeamCreated,
    TeamDeleted,
    TeamEvent,
    TeamMemberRemoved,
    TeamMembersAdded,
    TeamRoleChanged,
    TeamRoleGranted,
    TeamRoleRevoked,
    TeamUpdated,
    UserId,
    is_stronger,
    shows_as,
)
from services.identity.domain.team.commands import (
    AddMembers,
    Clear,
    Create,
    Delete,
    RemoveMember,
    RemoveRole,
    SetRole,
    TeamCommand,
    Update,
)
from services.identity.domain.team.state import Absent, Live, Team, binding_on, live
from services.identity.domain.user import Binding
from shared.errors import NotFound, Rejected


def decide(command: TeamCommand, team: Team) -> list[TeamEvent]:
    """Return the events that `command` causes; raise NotFound or Rejected where a rule forbids it."""
    match command:
        case Create():
            return _create(command, team)
        case Update():
            return _update(command, live(team))
        case Delete(now):
            return [TeamDeleted(team_id=live(team).team_id, deleted_at=now)]
        case AddMembers(user_ids, now):
            return _added(live(team), user_ids, now)
        case RemoveMember(user_id, now):
            return _remove_member(live(team), user_id, now)
        case SetRole():
            return _set_role(command, live(team))
        case RemoveRole():
            return _remove_role(command, live(team))
        case Clear(entity, now):
            return _clear(team, entity, now)
        case _:
            assert_never(command)


def _create(command: Create, team: Team) -> list[TeamEvent]:
    if not isinstance(team, Absent):
        raise Rejected("the team exists already")
    created = TeamCreated(
        team_id=command.team_id, name=command.name, description=command.description, created_at=command.now
    )
    made = Live(team_id=command.team_id, name=command.name, description=command.description)
    return [created, *_added(made, command.members, command.now)]


def _update(command: Update, team: Live) -> list[TeamEvent]:
    name = team.name if command.name is None else command.name
    description = team.description if command.description is None else command.description
    if (name, description) == (team.name, team.description):
        return []
    return [TeamUpdated(team_id=team.team_id, name=name, description=description, updated_at=command.now)]


def _added(team: Live, user_ids: tuple[UserId, ...], now: datetime) -> list[TeamEvent]:
    new = tuple(dict.fromkeys(each for each in user_ids if each not in team.members))
    return [TeamMembersAdded(team_id=team.team_id, user_ids=new, added_at=now)] if new else []


def _remove_member(team: Live, user_id: UserId, now: datetime) -> list[TeamEvent]:
    if user_id not in team.members:
        raise NotFound("the person is no member of the team")
    return [TeamMemberRemoved(team_id=team.team_id, user_id=user_id, removed_at=now)]


def _set_role(command: SetRole, team: Live) -> list[TeamEvent]:
    found = binding_on(team, command.entity)
    if found is not None:
        return _over(command, team, *found)
    if command.mode is BindMode.CHANGE:
        raise NotFound("the team has no role there")
    return [
        TeamRoleGranted(
            team_id=team.team_id,
            binding_id=command.binding_id,
            role=command.role,
            entity=command.entity,
            granted_at=command.now,
        )
    ]


def _over(command: SetRole, team: Live, binding_id: BindingId, held: Binding) -> list[TeamEvent]:
    """Return what becomes of the binding that is there."""
    same = shows_as(held.role, command.role, command.interface)
    match command.mode:
        case BindMode.ADD:
            duplicate = True
        case BindMode.RAISE:
            duplicate = same or not is_stronger(command.role, than=held.role)
        case BindMode.REPLACE:
            duplicate = same
        case BindMode.SET | BindMode.CHANGE:
            duplicate = False
        case _:
            assert_never(command.mode)
    if duplicate:
        raise Rejected("the team has a role there", rule=Rule.DUPLICATE_BINDING)
    if same:
        return []
    return [
        TeamRoleChanged(
            team_id=team.team_id,
            binding_id=binding_id,
            role=command.role,
            entity=command.entity,
            changed_at=command.now,
        )
    ]


def _remove_role(command: RemoveRole, team: Live) -> list[TeamEvent]:
    found = binding_on(team, command.entity)
    wished = command.role
    if found is None or (wished is not None and not shows_as(found[1].role, wished, command.interface)):
        raise NotFound("the team has no such role there")
    return [_revoked(team, found[0], command.entity, command.now)]


def _clear(team: Team, entity: str, now: datetime) -> list[TeamEvent]:
    if not isinstance(team, Live):
        return []
    return [_revoked(team, key, entity, now) for key, bound in team.bindings.items() if bound.entity == entity]


def _revoked(team: Live, binding_id: BindingId, entity: str, now: datetime) -> TeamRoleRevoked:
    return TeamRoleRevoked(team_id=team.team_id, binding_id=binding_id, entity=entity, revoked_at=now)
