"""A service account: one role on one entity behind a key that is stored as its digest."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeAlias, assert_never

from services.identity.contract import (
    CredentialCreated,
    CredentialDeleted,
    CredentialEvent,
    CredentialId,
    CredentialUpdated,
    Interface,
    Role,
    Rule,
    fits,
    shows_as,
)
from shared.errors import NotFound, Rejected


@dataclass(frozen=True, slots=True)
class Create:
    """Make a service account for a key whose digest is given."""

    credential_id: CredentialId
    label: str
    category: str
    entity: str
    role: Role
    key_digest: str
    key_masked: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Update:
    """Change its texts or its role; None, or a role that `interface` shows the present one as, leaves one as it is."""

    credential_id: CredentialId
    label: str | None
    category: str | None
    role: Role | None
    interface: Interface
    now: datetime


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete it."""

    credential_id: CredentialId
    now: datetime


CredentialCommand: TypeAlias = Create | Update | Delete


@dataclass(frozen=True, slots=True)
class Absent:
    """Never made."""


@dataclass(frozen=True, slots=True)
class Live:
    """Its key works."""

    label: str
    category: str
    entity: str
    role: Role
    key_digest: str


@dataclass(frozen=True, slots=True)
class Deleted:
    """Gone for good."""


Credential: TypeAlias = Absent | Live | Deleted

ABSENT: Final = Absent()


def decide(command: CredentialCommand, credential: Credential) -> list[CredentialEvent]:
    """Return the events that `command` causes; raise NotFound or Rejected where a rule forbids it."""
    match command:
        case Create():
            return _create(command, credential)
        case Update():
            return _update(command, live(credential))
        case Delete(credential_id, now):
            live(credential)
            return [CredentialDeleted(credential_id=credential_id, deleted_at=now)]
        case _:
            assert_never(command)


def evolve(credential: Credential, event: CredentialEvent) -> Credential:
    """Return the service account after `event`."""
    match event:
        case CredentialCreated():
            return Live(
                label=event.label,
                category=event.category,
                entity=event.entity,
                role=event.role,
                key_digest=event.key_digest,
            )
        case CredentialUpdated(label=label, category=category, role=role):
            if not isinstance(credential, Live):
                return credential
            return replace(credential, label=label, category=category, role=role)
        case CredentialDeleted():
            return Deleted()
        case _:
            assert_never(event)


def live(credential: Credential) -> Live:
    """Return the service account if its key works; raise NotFound if not."""
    if not isinstance(credential, Live):
        raise NotFound("there is no such service account")
    return credential


def _create(command: Create, credential: Credential) -> list[CredentialEvent]:
    if not isinstance(credential, Absent):
        raise Rejected("the service account exists already")
    _check_fits(command.role, command.entity)
    return [
        CredentialCreated(
            credential_id=command.credential_id,
            label=command.label,
            category=command.category,
            entity=command.entity,
            role=command.role,
            key_digest=command.key_digest,
            key_masked=command.key_masked,
            created_at=command.now,
        )
    ]


def _update(command: Update, account: Live) -> list[CredentialEvent]:
    role = command.role or account.role
    _check_fits(role, account.entity)
    if shows_as(account.role, role, command.interface):
        role = account.role
    label = account.label if command.label is None else command.label
    category = account.category if command.category is None else command.category
    if (label, category, role) == (account.label, account.category, account.role):
        return []
    return [
        CredentialUpdated(
            credential_id=command.credential_id, label=label, category=category, role=role, updated_at=command.now
        )
    ]


def _check_fits(role: Role, entity: str) -> None:
    if not fits(role, entity):
        raise Rejected(f"a role {role} can't be held on {entity}", rule=Rule.ROLE_ENTITY_MISMATCH)
