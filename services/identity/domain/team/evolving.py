"""How a team's events make the state that the rules look at."""

from dataclasses import replace
from typing import assert_never

from services.identity.contract import (
    TeamCreated,
    TeamDeleted,
    TeamEvent,
    TeamMemberRemoved,
    TeamMembersAdded,
    TeamRoleChanged,
    TeamRoleGranted,
    TeamRoleRevoked,
    TeamUpdated,
)
from services.identity.domain.team.state import Deleted, Live, Team
from services.identity.domain.user import Binding


def evolve(team: Team, event: TeamEvent) -> Team:
    """Return the team after `event`."""
    match event:
        case TeamCreated(team_id=team_id, name=name, description=description):
            return Live(team_id=team_id, name=name, description=description)
        case TeamDeleted():
            return Deleted()
        case _:
            return _changed(team, event) if isinstance(team, Live) else team


def _changed(
    team: Live,
    event: TeamUpdated | TeamMembersAdded | TeamMemberRemoved | TeamRoleGranted | TeamRoleChanged | TeamRoleRevoked,
) -> Live:
    match event:
        case TeamUpdated(name=name, description=description):
            return replace(team, name=name, description=description)
        case TeamMembersAdded(user_ids=user_ids):
            return replace(team, members=team.members | set(user_ids))
        case TeamMemberRemoved(user_id=user_id):
            return replace(team, members=team.members - {user_id})
        case (
            TeamRoleGranted(binding_id=key, role=role, entity=entity)
            | TeamRoleChanged(binding_id=key, role=role, entity=entity)
        ):
            return replace(team, bindings={**team.bindings, key: Binding(role=role, entity=entity)})
        case TeamRoleRevoked(binding_id=gone):
            return replace(team, bindings={key: bound for key, bound in team.bindings.items() if key != gone})
        case _:
            assert_never(event)
