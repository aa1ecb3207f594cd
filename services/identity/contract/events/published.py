"""All facts together."""

from typing import Final

from services.identity.contract.events.credentials import CredentialCreated, CredentialDeleted, CredentialUpdated
from services.identity.contract.events.deployments import DeploymentGone, DeploymentPlaced
from services.identity.contract.events.organization import (
    OrganizationCreated,
    OrganizationOwnerAdded,
    OrganizationOwnerRemoved,
    OrganizationSigningKeyAdded,
    OrganizationSigningKeyRevoked,
)
from services.identity.contract.events.people import (
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
from services.identity.contract.events.sessions import SessionEnded, SessionStarted
from services.identity.contract.events.teams import (
    TeamCreated,
    TeamDeleted,
    TeamMemberRemoved,
    TeamMembersAdded,
    TeamRoleChanged,
    TeamRoleGranted,
    TeamRoleRevoked,
    TeamUpdated,
)
from services.identity.contract.events.visits import VisitBegan
from services.identity.contract.events.workspaces import WorkspaceCreated, WorkspaceDeleted, WorkspaceUpdated
from shared.messages import Event

EVENTS: Final[tuple[type[Event], ...]] = (
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
"""What a consumer of identity's events may meet."""
