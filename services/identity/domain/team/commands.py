"""What can be wished of a team, after looking up and authorising."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from services.identity.contract import BindingId, BindMode, Interface, Role, TeamId, UserId


@dataclass(frozen=True, slots=True)
class Create:
    """Make a team."""

    team_id: TeamId
    name: str
    description: str
    members: tuple[UserId, ...]
    now: datetime


@dataclass(frozen=True, slots=True)
class Update:
    """Change its texts; None leaves one as it is."""

    name: str | None
    description: str | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete it."""

    now: datetime


@dataclass(frozen=True, slots=True)
class AddMembers:
    """Put persons into it; those who are in it already stay."""

    user_ids: tuple[UserId, ...]
    now: datetime


@dataclass(frozen=True, slots=True)
class RemoveMember:
    """Take a person out of it."""

    user_id: UserId
    now: datetime


@dataclass(frozen=True, slots=True)
class SetRole:
    """Give it a role on an entity, one an entity. `mode` says what becomes of one that is there."""

    binding_id: BindingId
    entity: str
    role: Role
    mode: BindMode
    interface: Interface
    now: datetime


@dataclass(frozen=True, slots=True)
class RemoveRole:
    """Take its role on an entity away; with `role` only one that `interface` shows as that."""

    entity: str
    role: Role | None
    interface: Interface
    now: datetime


@dataclass(frozen=True, slots=True)
class Clear:
    """Drop what it has on an entity that is gone."""

    entity: str
    now: datetime


TeamCommand: TypeAlias = Create | Update | Delete | AddMembers | RemoveMember | SetRole | RemoveRole | Clear
