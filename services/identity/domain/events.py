"""The events as they are stored: those of the contract, and personal data where a person's key encrypts it."""

from typing import ClassVar, Final, TypeAlias

from services.identity.contract import events as published
from services.identity.contract.events import (
    CredentialCreated,
    CredentialDeleted,
    OrganizationCreated,
    OrganizationOwnerAdded,
    OrganizationOwnerRemoved,
    SessionEnded,
    SessionStarted,
    UserInvitationRolesChanged,
    UserInvitationWithdrawn,
    UserRemoved,
    UserRoleChanged,
    UserRoleGranted,
    UserRoleRevoked,
    WorkspaceCreated,
    WorkspaceDeleted,
    WorkspaceUpdated,
)
from shared.messages import Event
from shared.store.personal import PersonalText

_PERSON: Final = "user_id"

__all__ = [
    "STORED",
    "CredentialCreated",
    "CredentialDeleted",
    "OrganizationCreated",
    "OrganizationOwnerAdded",
    "OrganizationOwnerRemoved",
    "SessionEnded",
    "SessionStarted",
    "UserActivated",
    "UserEvent",
    "UserInvitationRolesChanged",
    "UserInvitationWithdrawn",
    "UserInvited",
    "UserRegistered",
    "UserRemoved",
    "UserRoleChanged",
    "UserRoleGranted",
    "UserRoleRevoked",
    "WorkspaceCreated",
    "WorkspaceDeleted",
    "WorkspaceUpdated",
]


class UserRegistered(published.UserRegistered):
    """Stored with the address, the names and the hash of the password."""

    person: ClassVar[str] = _PERSON

    email: PersonalText
    username: PersonalText
    full_name: PersonalText
    password_hash: PersonalText


class UserInvited(published.UserInvited):
    """Stored with the address."""

    person: ClassVar[str] = _PERSON

    email: PersonalText


class UserActivated(published.UserActivated):
    """Stored with the names and the hash of the password; the address is that of the invitation."""

    person: ClassVar[str] = _PERSON

    email: PersonalText
    username: PersonalText
    full_name: PersonalText
    password_hash: PersonalText


UserEvent: TypeAlias = (
    UserRegistered
    | UserInvited
    | UserInvitationRolesChanged
    | UserInvitationWithdrawn
    | UserActivated
    | UserRoleGranted
    | UserRoleChanged
    | UserRoleRevoked
    | UserRemoved
)

STORED: Final[tuple[type[Event], ...]] = (
    OrganizationCreated,
    OrganizationOwnerAdded,
    OrganizationOwnerRemoved,
    UserRegistered,
    UserInvited,
    UserInvitationRolesChanged,
    UserInvitationWithdrawn,
    UserActivated,
    UserRoleGranted,
    UserRoleChanged,
    UserRoleRevoked,
    UserRemoved,
    WorkspaceCreated,
    WorkspaceUpdated,
    WorkspaceDeleted,
    CredentialCreated,
    CredentialDeleted,
    SessionStarted,
    SessionEnded,
)
"""Every type that the service's store holds."""
