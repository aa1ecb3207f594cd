"""A service account: one role on one entity behind a key that is stored as its digest."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias, assert_never

from services.identity.contract import (
    CredentialCreated,
    CredentialDeleted,
    CredentialEvent,
    CredentialId,
    Role,
    Rule,
    fits,
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
class Delete:
    """Delete it."""

    credential_id: CredentialId
    now: datetime


CredentialCommand: TypeAlias = Create | Delete


@dataclass(frozen=True, slots=True)
class Absent:
    """Never made."""


@dataclass(frozen=True, slots=True)
class Live:
    """Its key works."""

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
        case Delete(credential_id, now):
            live(credential)
            return [CredentialDeleted(credential_id=credential_id, deleted_at=now)]
        case _:
            assert_never(command)


def evolve(_credential: Credential, event: CredentialEvent) -> Credential:
    """Return the service account after `event`."""
    match event:
        case CredentialCreated(entity=entity, role=role, key_digest=key_digest):
            return Live(entity=entity, role=role, key_digest=key_digest)
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
    if not fits(command.role, command.entity):
        raise Rejected(f"a role {command.role} can't be held on {command.entity}", rule=Rule.ROLE_ENTITY_MISMATCH)
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
