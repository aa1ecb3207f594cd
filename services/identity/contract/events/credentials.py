"""The facts about service accounts."""

from datetime import datetime
from typing import ClassVar, TypeAlias

from services.identity.contract.ids import CredentialId
from services.identity.contract.permissions import Role
from shared.messages import Event


class CredentialCreated(Event):
    """A service account was made; `key_digest` is the SHA-256 of its key, in hex."""

    type_name: ClassVar[str] = "credential.created"

    credential_id: CredentialId
    label: str
    category: str
    entity: str
    role: Role
    key_digest: str
    key_masked: str
    created_at: datetime


class CredentialUpdated(Event):
    """Its texts or its role changed; all of them as they are now."""

    type_name: ClassVar[str] = "credential.updated"

    credential_id: CredentialId
    label: str
    category: str
    role: Role
    updated_at: datetime


class CredentialDeleted(Event):
    type_name: ClassVar[str] = "credential.deleted"

    credential_id: CredentialId
    deleted_at: datetime


CredentialEvent: TypeAlias = CredentialCreated | CredentialUpdated | CredentialDeleted
