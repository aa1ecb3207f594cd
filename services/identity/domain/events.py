"""The events as they are stored: those of the contract, and personal data where a person's key encrypts it."""

from typing import ClassVar, Final, TypeAlias

from services.identity.contract import events as published
from services.identity.contract.events import (
    CredentialCreated,
    CredentialDeleted,
    CredentialUpdated,
    DeploymentGone,
    DeploymentPlaced,
    OrganizationCreated,
    OrganizationOwnerAdded,
    OrganizationOwnerRemoved,
    OrganizationSigningKeyAdded,
    OrganizationSigningKeyRevoked,
    SessionEnded,
    SessionStarted,
    TeamCreated,
    TeamDeleted,
    TeamMemberRemoved,
    TeamMembersAdded,
    TeamRoleChanged,
    TeamRoleGranted,
    TeamRoleRevoked,
    TeamUpdated,
    UserConfirmationRequested,
    UserEmailConfirmed,
    UserInvitationRolesChanged,
    UserInvitationWithdrawn,
    UserPasswordResetRequested,
    UserReinstated,
    UserRemoved,
    UserRoleChanged,
    UserRoleGranted,
    UserRoleRevoked,
    UserSuspended,
    VisitBegan,
    WorkspaceCreated,
    WorkspaceDeleted,
    WorkspaceUpdated,
)
from shared.messages import Event
from shared.store.personal import PersonalText

_PERSON: Final = "user_id"

__all__ = [
    "STORED",
    "AccountEvent",
    "CredentialCreated",
    "CredentialDeleted",
    "CredentialUpdated",
    "DeploymentGone",
    "DeploymentPlaced",
    "OrganizationCreated",
    "OrganizationOwnerAdded",
    "OrganizationOwnerRemoved",
    "OrganizationSigningKeyAdded",
    "OrganizationSigningKeyRevoked",
    "SessionEnded",
    "SessionStarted",
    "TeamCreated",
    "TeamDeleted",
    "TeamMemberRemoved",
    "TeamMembersAdded",
    "TeamRoleChanged",
    "TeamRoleGranted",
    "TeamRoleRevoked",
    "TeamUpdated",
    "UserActivated",
    "UserConfirmationRequested",
    "UserEmailConfirmed",
    "UserEvent",
    "UserInvitationRolesChanged",
    "UserInvitationWithdrawn",
    "UserInvited",
    "UserPasswordChanged",
    "UserPasswordResetRequested",
    "UserProfileChanged",
    "UserRegistered",
    "UserReinstated",
    "UserRemoved",
    "UserRoleChanged",
    "UserRoleGranted",
    "UserRoleRevoked",
    "UserSuspended",
    "VisitBegan",
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


class UserPasswordChanged(published.UserPasswordChanged):
    """Stored with the hash of the password."""

    person: ClassVar[str] = _PERSON

    password_hash: PersonalText


class UserProfileChanged(published.UserProfileChanged):
    """Stored with what others see of the person."""

    person: ClassVar[str] = _PERSON

    full_name: PersonalText
    avatar_url: PersonalText


AccountEvent: TypeAlias = (
    UserConfirmationRequested
    | UserEmailConfirmed
    | UserPasswordResetRequested
    | UserPasswordChanged
    | UserProfileChanged
    | UserSuspended
    | UserReinstated
)

UserEvent: TypeAlias = (
    UserRegistered
    | UserInvited
    | UserInvitationRolesChanged
    | UserInvitationWithdrawn
    | UserActivated
    | UserRoleGranted
    | UserRoleChanged
    | UserRoleRevoked
    | AccountEvent
    | UserRemoved
)

STORED: Final[tuple[type[Event], ...]] = (
    OrganizationCreated,
    OrganizationOwnerAdded,
    OrganizationOwnerRemoved,
    OrganizationSigningKeyAdded,
    OrganizationSigningKeyRevoked,
    UserRegistered,
    UserInvited,
    UserInvitationRolesChanged,
    UserInvitationWithdrawn,
    UserActivated,
    UserRoleGranted,
    UserRoleChanged,
    UserRoleRevoked,
    UserConfirmationRequested,
    UserEmailConfirmed,
    UserPasswordResetRequested,
    UserPasswordChanged,
    UserProfileChanged,
    UserSuspended,
    UserReinstated,
    UserRemoved,
    WorkspaceCreated,
    WorkspaceUpdated,
    WorkspaceDeleted,
    DeploymentPlaced,
    DeploymentGone,
    TeamCreated,
    TeamUpdated,
    TeamDeleted,
    TeamMembersAdded,
    TeamMemberRemoved,
    TeamRoleGranted,
    TeamRoleChanged,
    TeamRoleRevoked,
    CredentialCreated,
    CredentialUpdated,
    CredentialDeleted,
    SessionStarted,
    SessionEnded,
    VisitBegan,
)
"""Every type that the service's store holds."""
