"""The facts about the organization."""

from datetime import datetime
from typing import ClassVar, TypeAlias

from services.identity.contract.ids import OrganizationId, UserId
from shared.messages import Event


class OrganizationCreated(Event):
    type_name: ClassVar[str] = "organization.created"

    organization_id: OrganizationId
    name: str
    created_at: datetime


class OrganizationOwnerAdded(Event):
    """An active person came to hold SYSTEM_ADMIN."""

    type_name: ClassVar[str] = "organization.owner_added"

    organization_id: OrganizationId
    user_id: UserId
    added_at: datetime


class OrganizationOwnerRemoved(Event):
    type_name: ClassVar[str] = "organization.owner_removed"

    organization_id: OrganizationId
    user_id: UserId
    removed_at: datetime


class OrganizationSigningKeyAdded(Event):
    """A key was made that signs tokens from a moment on."""

    type_name: ClassVar[str] = "organization.signing_key_added"

    organization_id: OrganizationId
    key_id: str
    signs_from: datetime
    added_at: datetime


class OrganizationSigningKeyRevoked(Event):
    """A key was taken away: no token that it signed is good any more."""

    type_name: ClassVar[str] = "organization.signing_key_revoked"

    organization_id: OrganizationId
    key_id: str
    revoked_at: datetime


OrganizationEvent: TypeAlias = (
    OrganizationCreated
    | OrganizationOwnerAdded
    | OrganizationOwnerRemoved
    | OrganizationSigningKeyAdded
    | OrganizationSigningKeyRevoked
)
