"""A team: persons who hold its roles, for as long as they are in it and it is there."""

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
from services.identity.domain.team.deciding import decide
from services.identity.domain.team.evolving import evolve
from services.identity.domain.team.state import ABSENT, Absent, Deleted, Live, Team, held_through, live

__all__ = [
    "ABSENT",
    "Absent",
    "AddMembers",
    "Clear",
    "Create",
    "Delete",
    "Deleted",
    "Live",
    "RemoveMember",
    "RemoveRole",
    "SetRole",
    "Team",
    "TeamCommand",
    "Update",
    "decide",
    "evolve",
    "held_through",
    "live",
]
