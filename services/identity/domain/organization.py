"""The organization: one an installation, with the set of its owners, which is never emptied."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeAlias, assert_never

from services.identity.contract import (
    OrganizationCreated,
    OrganizationEvent,
    OrganizationId,
    OrganizationOwnerAdded,
    OrganizationOwnerRemoved,
    Rule,
    UserId,
)
from shared.errors import Rejected


@dataclass(frozen=True, slots=True)
class Create:
    """Make the organization of this installation."""

    organization_id: OrganizationId
    name: str
    now: datetime


@dataclass(frozen=True, slots=True)
class AddOwner:
    """Count an active person among the owners."""

    user_id: UserId
    now: datetime


@dataclass(frozen=True, slots=True)
class RemoveOwner:
    """Count a person among the owners no more."""

    user_id: UserId
    now: datetime


OrganizationCommand: TypeAlias = Create | AddOwner | RemoveOwner


@dataclass(frozen=True, slots=True)
class Absent:
    """Not made yet."""


@dataclass(frozen=True, slots=True)
class Founded:
    """Made; `owners` are the active persons who hold SYSTEM_ADMIN. None: nobody has signed up yet."""

    organization_id: OrganizationId
    name: str
    owners: frozenset[UserId]


Organization: TypeAlias = Absent | Founded

ABSENT: Final = Absent()


def decide(command: OrganizationCommand, organization: Organization) -> list[OrganizationEvent]:
    """Return the events that `command` causes; raise Rejected where a rule forbids it."""
    match command:
        case Create(organization_id, name, now):
            if isinstance(organization, Founded):
                raise Rejected("the organization exists already")
            return [OrganizationCreated(organization_id=organization_id, name=name, created_at=now)]
        case AddOwner(user_id, now):
            founded = _founded(organization)
            if user_id in founded.owners:
                return []
            return [OrganizationOwnerAdded(organization_id=founded.organization_id, user_id=user_id, added_at=now)]
        case RemoveOwner(user_id, now):
            return _remove(_founded(organization), user_id, now)
        case _:
            assert_never(command)


def evolve(organization: Organization, event: OrganizationEvent) -> Organization:
    """Return the organization after `event`."""
    match event:
        case OrganizationCreated(organization_id=organization_id, name=name):
            return Founded(organization_id=organization_id, name=name, owners=frozenset())
        case OrganizationOwnerAdded(user_id=user_id):
            return _with_owners(organization, add=frozenset({user_id}))
        case OrganizationOwnerRemoved(user_id=user_id):
            return _with_owners(organization, drop=frozenset({user_id}))
        case _:
            assert_never(event)


def _remove(founded: Founded, user_id: UserId, now: datetime) -> list[OrganizationEvent]:
    if user_id not in founded.owners:
        return []
    if len(founded.owners) == 1:
        raise Rejected("the last owner has to stay", rule=Rule.LAST_ADMIN)
    return [OrganizationOwnerRemoved(organization_id=founded.organization_id, user_id=user_id, removed_at=now)]


def _founded(organization: Organization) -> Founded:
    if isinstance(organization, Absent):
        raise Rejected("the organization does not exist yet")
    return organization


def _with_owners(
    organization: Organization, *, add: frozenset[UserId] = frozenset(), drop: frozenset[UserId] = frozenset()
) -> Organization:
    if isinstance(organization, Absent):
        return organization
    return replace(organization, owners=organization.owners - drop | add)
