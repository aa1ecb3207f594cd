"""The facts that identity publishes: without personal data, which never leaves the service in an event.

What is stored of the same type may hold more; see services/identity/domain/events.py.
"""

from services.identity.contract.events.credentials import (
    CredentialCreated,
    CredentialDeleted,
    CredentialEvent,
    CredentialUpdated,
)
from services.identity.contract.events.deployments import DeploymentEvent, DeploymentGone, DeploymentPlaced
from services.identity.contract.events.organization import (
    OrganizationCreated,
    OrganizationEvent,
    OrganizationOwnerAdded,
    OrganizationOwnerRemoved,
    OrganizationSigningKeyAdded,
    OrganizationSigningKeyRevoked,
)
from services.identity.contract.events.people import (
    InvitedRole,
    UserActivated,
    UserConfirmationRequested,
    UserEmailConfirmed,
    UserInvitationRolesChanged,
    UserInvitationWithdrawn,
    UserInvited,
    UserPasswordChanged,
    UserPasswordResetRequested,
    UserProfileChanged,
    UserRegistered,
    UserReinstated,
    UserRemoved,
    UserRoleChanged,
    UserRoleGranted,
    UserRoleRevoked,
    UserSuspended,
)
from services.identity.contract.events.published import EVENTS
from services.identity.contract.events.sessions import EndReason, SessionEnded, SessionEvent, SessionStarted
from services.identity.contract.events.teams import (
    TeamCreated,
    TeamDeleted,
    TeamEvent,
    TeamMemberRemoved,
    TeamMembersAdded,
    TeamRoleChanged,
    TeamRoleGranted,
    TeamRoleRevoked,
    TeamUpdated,
)
from services.identity.contract.events.visits import VisitBegan, VisitEvent
from services.identity.contract.events.workspaces import (
    WorkspaceCreated,
    WorkspaceDeleted,
    WorkspaceEvent,
    WorkspaceUpdated,
)

__all__ = [
    "EVENTS",
    "CredentialCreated",
    "CredentialDeleted",
    "CredentialEvent",
    "CredentialUpdated",
    "DeploymentEvent",
    "DeploymentGone",
    "DeploymentPlaced",
    "EndReason",
    "InvitedRole",
    "OrganizationCreated",
    "OrganizationEvent",
    "OrganizationOwnerAdded",
    "OrganizationOwnerRemoved",
    "OrganizationSigningKeyAdded",
    "OrganizationSigningKeyRevoked",
    "SessionEnded",
    "SessionEvent",
    "SessionStarted",
    "TeamCreated",
    "TeamDeleted",
    "TeamEvent",
    "TeamMemberRemoved",
    "TeamMembersAdded",
    "TeamRoleChanged",
    "TeamRoleGranted",
    "TeamRoleRevoked",
    "TeamUpdated",
    "UserActivated",
    "UserConfirmationRequested",
    "UserEmailConfirmed",
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
    "VisitEvent",
    "WorkspaceCreated",
    "WorkspaceDeleted",
    "WorkspaceEvent",
    "WorkspaceUpdated",
]
