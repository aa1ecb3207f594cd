"""The facts that identity publishes: without personal data, which never leaves the service in an event.

What is stored of the same type may hold more; see services/identity/domain/events.py.
"""

from datetime import datetime
from typing import ClassVar, Final, Literal, TypeAlias

from services.identity.contract.ids import (
    BindingId,
    CredentialId,
    InvitationId,
    OrganizationId,
    SessionId,
    UserId,
    WorkspaceId,
)
from services.identity.contract.permissions import Role
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


class UserRegistered(Event):
    """A person signed up. `status` PENDING: their address awaits confirmation; open invitations stay open."""

    type_name: ClassVar[str] = "user.registered"

    user_id: UserId
    status: Literal["active", "pending"]
    email_verified: bool
    registered_at: datetime


class UserInvited(Event):
    """A person was invited; `roles` count on `scope` once they are active. `inviter` and its kind name who asked."""

    type_name: ClassVar[str] = "user.invited"

    user_id: UserId
    invitation_id: InvitationId
    scope: str
    roles: tuple[Role, ...]
    expires_at: datetime
    inviter: str = ""
    inviter_kind: str = ""
    invited_at: datetime


class UserInvitationRolesChanged(Event):
    type_name: ClassVar[str] = "user.invitation_roles_changed"

    user_id: UserId
    invitation_id: InvitationId
    roles: tuple[Role, ...]
    changed_at: datetime


class UserInvitationWithdrawn(Event):
    """An open invitation ended unused."""

    type_name: ClassVar[str] = "user.invitation_withdrawn"

    user_id: UserId
    invitation_id: InvitationId
    reason: Literal["withdrawn", "expired", "workspace_deleted"]
    withdrawn_at: datetime


class UserActivated(Event):
    """An invited person became active; `invitation_ids` are used up and their roles granted in the same entry."""

    type_name: ClassVar[str] = "user.activated"

    user_id: UserId
    invitation_ids: tuple[InvitationId, ...]
    activated_at: datetime


class UserRoleGranted(Event):
    type_name: ClassVar[str] = "user.role_granted"

    user_id: UserId
    binding_id: BindingId
    role: Role
    entity: str
    granted_at: datetime


class UserRoleChanged(Event):
    type_name: ClassVar[str] = "user.role_changed"

    user_id: UserId
    binding_id: BindingId
    role: Role
    entity: str
    changed_at: datetime


class UserRoleRevoked(Event):
    type_name: ClassVar[str] = "user.role_revoked"

    user_id: UserId
    binding_id: BindingId
    entity: str
    revoked_at: datetime


class UserRemoved(Event):
    """A person is gone with all bindings and open invitations; what was personal is forgotten."""

    type_name: ClassVar[str] = "user.removed"

    user_id: UserId
    removed_at: datetime


class WorkspaceCreated(Event):
    type_name: ClassVar[str] = "workspace.created"

    workspace_id: WorkspaceId
    label: str
    description: str
    created_at: datetime


class WorkspaceUpdated(Event):
    type_name: ClassVar[str] = "workspace.updated"

    workspace_id: WorkspaceId
    label: str
    description: str
    updated_at: datetime


class WorkspaceDeleted(Event):
    """A workspace is gone; bindings, invitations and service accounts of it count no more."""

    type_name: ClassVar[str] = "workspace.deleted"

    workspace_id: WorkspaceId
    deleted_at: datetime


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


class CredentialDeleted(Event):
    type_name: ClassVar[str] = "credential.deleted"

    credential_id: CredentialId
    deleted_at: datetime


class SessionStarted(Event):
    """A person signed in. The token is minted from this event alone; `key_id` is the `kid` that signs it."""

    type_name: ClassVar[str] = "session.started"

    session_id: SessionId
    user_id: UserId
    key_id: str
    issued_at: datetime
    expires_at: datetime


class SessionEnded(Event):
    type_name: ClassVar[str] = "session.ended"

    session_id: SessionId
    user_id: UserId
    reason: Literal["user_removed"]
    ended_at: datetime


OrganizationEvent: TypeAlias = OrganizationCreated | OrganizationOwnerAdded | OrganizationOwnerRemoved
WorkspaceEvent: TypeAlias = WorkspaceCreated | WorkspaceUpdated | WorkspaceDeleted
CredentialEvent: TypeAlias = CredentialCreated | CredentialDeleted
SessionEvent: TypeAlias = SessionStarted | SessionEnded

EVENTS: Final[tuple[type[Event], ...]] = (
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
"""What a consumer of identity's events may meet."""
