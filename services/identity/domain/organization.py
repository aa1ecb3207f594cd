"""The organization: one an installation, with the set of its owners, which no wish of anybody empties."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeAlias, assert_never

from services.identity.contract import (
    OrganizationCreated,
    OrganizationEvent,
    OrganizationId,
    OrganizationOwnerAdded,
    OrganizationOwnerRemoved,
    OrganizationSigningKeyAdded,
    OrganizationSigningKeyRevoked,
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
    """Count a person among the owners no more. `forgotten`: also the last one, whom a dump has brought back."""

    user_id: UserId
    now: datetime
    forgotten: bool = False


@dataclass(frozen=True, slots=True)
class AddSigningKey:
    """Note that a key was made."""

    key_id: str
    signs_from: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class RevokeSigningKey:
    """Note that a key was taken away."""

    key_id: str
    now: datetime


OrganizationCommand: TypeAlias = Create | AddOwner | RemoveOwner | AddSigningKey | RevokeSigningKey


@dataclass(frozen=True, slots=True)
class Absent:
    """Not made yet."""


@dataclass(frozen=True, slots=True)
class Founded:
    """Made; `owners` are the active persons who hold SYSTEM_ADMIN. None: nobody has signed up yet.

    `orphaned`: there was one, who had to be forgotten; not whoever comes first is the next one.
    """

    organization_id: OrganizationId
    name: str
    owners: frozenset[UserId]
    orphaned: bool = False
    revoked_keys: frozenset[str] = frozenset()


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
        case RemoveOwner():
            return _remove(_founded(organization), command)
        case AddSigningKey():
            return _add_key(command, _founded(organization))
        case RevokeSigningKey():
            return _revoke_key(command, _founded(organization))
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
        case OrganizationSigningKeyAdded():
            return organization
        case OrganizationSigningKeyRevoked(key_id=key_id):
            if isinstance(organization, Absent):
                return organization
            return replace(organization, revoked_keys=organization.revoked_keys | {key_id})
        case _:
            assert_never(event)


def _remove(founded: Founded, command: RemoveOwner) -> list[OrganizationEvent]:
    if command.user_id not in founded.owners:
        return []
    if len(founded.owners) == 1 and not command.forgotten:
        raise Rejected("the last owner has to stay", rule=Rule.LAST_ADMIN)
    return [
        OrganizationOwnerRemoved(
            organization_id=founded.organization_id, user_id=command.user_id, removed_at=command.now
        )
    ]


def _add_key(command: AddSigningKey, founded: Founded) -> list[OrganizationEvent]:
    return [
        OrganizationSigningKeyAdded(
            organization_id=founded.organization_id,
            key_id=command.key_id,
            signs_from=command.signs_from,
            added_at=command.now,
        )
    ]


def _revoke_key(command: RevokeSigningKey, founded: Founded) -> list[OrganizationEvent]:
    if command.key_id in founded.revoked_keys:
        return []
    return [
        OrganizationSigningKeyRevoked(
            organization_id=founded.organization_id, key_id=command.key_id, revoked_at=command.now
        )
    ]


def _founded(organization: Organization) -> Founded:
    if isinstance(organization, Absent):
        raise Rejected("the organization does not exist yet")
    return organization


def _with_owners(
    organization: Organization, *, add: frozenset[UserId] = frozenset(), drop: frozenset[UserId] = frozenset()
) -> Organization:
    if isinstance(organization, Absent):
        return organization
    owners = organization.owners - drop | add
    return replace(organization, owners=owners, orphaned=not owners)
