"""The facts about people."""

from datetime import datetime
from typing import ClassVar, Literal

from services.identity.contract.ids import BindingId, DeploymentId, InvitationId, TeamId, UserId
from services.identity.contract.permissions import Role
from shared.messages import Event, Message


class UserRegistered(Event):
    """A person signed up. `status` PENDING: their address awaits confirmation; open invitations stay open."""

    type_name: ClassVar[str] = "user.registered"

    user_id: UserId
    status: Literal["active", "pending"]
    email_verified: bool
    registered_at: datetime


class InvitedRole(Message):
    """A role on a deployment of the workspace that an invitation is for, and the id that its binding will have."""

    deployment_id: DeploymentId
    role: Role
    binding_id: BindingId


class UserInvited(Event):
    """A person was invited; `roles` count on `scope` once they are active. `inviter` and its kind name who asked.

    `deployment_roles` and membership of `team_ids` come along.
    """

    type_name: ClassVar[str] = "user.invited"

    user_id: UserId
    invitation_id: InvitationId
    scope: str
    roles: tuple[Role, ...]
    expires_at: datetime
    inviter: str = ""
    inviter_kind: str = ""
    invited_at: datetime
    deployment_roles: tuple[InvitedRole, ...] = ()
    team_ids: tuple[TeamId, ...] = ()


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
    """A person was given a role. `announced`: they are told by mail that whoever did it added them to a workspace."""

    type_name: ClassVar[str] = "user.role_granted"

    user_id: UserId
    binding_id: BindingId
    role: Role
    entity: str
    granted_at: datetime
    announced: bool = False


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


class UserConfirmationRequested(Event):
    """A link is to be mailed by which the address is confirmed; those of older generations do not work any more."""

    type_name: ClassVar[str] = "user.confirmation_requested"

    user_id: UserId
    generation: int
    expires_at: datetime
    requested_at: datetime


class UserEmailConfirmed(Event):
    """A person became active; `invitation_ids` are used up and their roles granted in the same entry."""

    type_name: ClassVar[str] = "user.email_confirmed"

    user_id: UserId
    invitation_ids: tuple[InvitationId, ...]
    confirmed_at: datetime


class UserPasswordResetRequested(Event):
    """A link is to be mailed by which a new password is set; those of older generations do not work any more."""

    type_name: ClassVar[str] = "user.password_reset_requested"

    user_id: UserId
    generation: int
    expires_at: datetime
    requested_at: datetime


class UserPasswordChanged(Event):
    """All sessions begun before it and all mailed links have ended; there may be no password from then on."""

    type_name: ClassVar[str] = "user.password_changed"

    user_id: UserId
    changed_at: datetime


class UserProfileChanged(Event):
    type_name: ClassVar[str] = "user.profile_changed"

    user_id: UserId
    changed_at: datetime


class UserSuspended(Event):
    """A person may not sign in and holds nothing until they are reinstated; their sessions have ended."""

    type_name: ClassVar[str] = "user.suspended"

    user_id: UserId
    status: Literal["inactive", "banned"]
    suspended_at: datetime


class UserReinstated(Event):
    """A suspended person is what they were before: active, or with an address that awaits confirmation."""

    type_name: ClassVar[str] = "user.reinstated"

    user_id: UserId
    reinstated_at: datetime
