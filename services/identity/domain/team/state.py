"""What the rules need to know of a team."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from services.identity.contract import BindingId, TeamId, UserId
from services.identity.domain.user import Binding
from shared.errors import NotFound


@dataclass(frozen=True, slots=True)
class Absent:
    """Never made."""


@dataclass(frozen=True, slots=True)
class Live:
    """In use."""

    team_id: TeamId
    name: str
    description: str
    members: frozenset[UserId] = frozenset()
    bindings: Mapping[BindingId, Binding] = field(default_factory=dict[BindingId, Binding])


@dataclass(frozen=True, slots=True)
class Deleted:
    """Gone for good."""


Team: TypeAlias = Absent | Live | Deleted

ABSENT: Final = Absent()


def live(team: Team) -> Live:
    """Return the team if it is in use; raise NotFound if not."""
    if not isinstance(team, Live):
        raise NotFound("there is no such team")
    return team


def held_through(team: Team, user_id: str) -> list[Binding]:
    """Return what a team gives to a person: its roles if they are in it, else nothing."""
    return list(team.bindings.values()) if isinstance(team, Live) and user_id in team.members else []


def binding_on(team: Live, entity: str) -> tuple[BindingId, Binding] | None:
    """Return the binding of the team on an entity."""
    return next(((key, bound) for key, bound in team.bindings.items() if bound.entity == entity), None)
