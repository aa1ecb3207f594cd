"""Things that the tests of identity speak of."""

from datetime import UTC, datetime, timedelta

from services.identity.contract import (
    BindingId,
    CredentialId,
    DeploymentId,
    InvitationId,
    InvitedRole,
    OrganizationId,
    Role,
    SessionId,
    TeamId,
    UserConfirmationRequested,
    UserEmailConfirmed,
    UserId,
    UserInvitationRolesChanged,
    UserInvitationWithdrawn,
    UserPasswordResetRequested,
    UserReinstated,
    UserRemoved,
    UserRoleChanged,
    UserRoleGranted,
    UserRoleRevoked,
    UserSuspended,
    WorkspaceId,
)
from services.identity.domain.events import (
    UserActivated,
    UserInvited,
    UserPasswordChanged,
    UserProfileChanged,
    UserRegistered,
)
from services.identity.domain.user import Profile
from shared.auth import SYSTEM

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
EXPIRY = NOW + timedelta(days=7)

ORGANIZATION = OrganizationId("corganization00000000000a")
ANN = UserId("cuserann0000000000000000a")
BOB = UserId("cuserbob0000000000000000a")
WORKSPACE = WorkspaceId("cworkspace00000000000000a")
DEPLOYMENT = DeploymentId("cdeployment00000000000000a")
HERE = f"workspace:{WORKSPACE}"
THERE = f"deployment:{DEPLOYMENT}"
ELSEWHERE = "workspace:cworkspace00000000000000b"
BINDING = BindingId("cbinding0000000000000000a")
OTHER_BINDING = BindingId("cbinding0000000000000000b")
INVITATION = InvitationId("cinvitation0000000000000a")
OTHER_INVITATION = InvitationId("cinvitation0000000000000b")
CREDENTIAL = CredentialId("ccredential0000000000000a")
SESSION = SessionId("csession0000000000000000a")

PROFILE = Profile(email="ann@example.com", username="ann", full_name="Ann Lee", password_hash="$argon2id$of-ann")
NEW_PROFILE = Profile(email="ann@example.com", username="lee", full_name="A. Lee", password_hash="$argon2id$new")

REGISTERED = UserRegistered(
    user_id=ANN,
    status="active",
    email_verified=True,
    registered_at=NOW,
    email=PROFILE.email,
    username=PROFILE.username,
    full_name=PROFILE.full_name,
    password_hash=PROFILE.password_hash,
)
UNCONFIRMED = REGISTERED.model_copy(update={"status": "pending", "email_verified": False})
INVITED = UserInvited(
    user_id=ANN,
    invitation_id=INVITATION,
    scope=HERE,
    roles=(Role.WORKSPACE_EDITOR,),
    expires_at=EXPIRY,
    inviter=BOB,
    inviter_kind="user",
    invited_at=NOW,
    email=PROFILE.email,
)
INVITED_TO_SYSTEM = INVITED.model_copy(update={"invitation_id": OTHER_INVITATION, "scope": SYSTEM, "roles": ()})
INVITED_ALONG = INVITED.model_copy(
    update={
        "deployment_roles": (InvitedRole(deployment_id=DEPLOYMENT, role=Role.DEPLOYMENT_VIEWER, binding_id=BINDING),),
        "team_ids": (TeamId("cteam0000000000000000000a"),),
    }
)
ACTIVATED = UserActivated(
    user_id=ANN,
    invitation_ids=(INVITATION,),
    activated_at=LATER,
    email=NEW_PROFILE.email,
    username=NEW_PROFILE.username,
    full_name=NEW_PROFILE.full_name,
    password_hash=NEW_PROFILE.password_hash,
)
ROLES_CHANGED = UserInvitationRolesChanged(
    user_id=ANN, invitation_id=INVITATION, roles=(Role.WORKSPACE_ADMIN,), changed_at=LATER
)
REMOVED = UserRemoved(user_id=ANN, removed_at=LATER)
OWNER = UserRoleGranted(user_id=ANN, binding_id=BINDING, role=Role.SYSTEM_ADMIN, entity=SYSTEM, granted_at=NOW)
EDITOR = UserRoleGranted(user_id=ANN, binding_id=BINDING, role=Role.WORKSPACE_EDITOR, entity=HERE, granted_at=NOW)
PROMOTED = UserRoleChanged(user_id=ANN, binding_id=BINDING, role=Role.WORKSPACE_ADMIN, entity=HERE, changed_at=LATER)
REVOKED = UserRoleRevoked(user_id=ANN, binding_id=BINDING, entity=HERE, revoked_at=LATER)

DAY_LATER = NOW + timedelta(hours=24)
AWAITED = UserConfirmationRequested(user_id=ANN, generation=1, expires_at=DAY_LATER, requested_at=NOW)
CONFIRMED = UserEmailConfirmed(user_id=ANN, invitation_ids=(), confirmed_at=NOW + timedelta(hours=1))
RESET_ASKED = UserPasswordResetRequested(
    user_id=ANN, generation=2, expires_at=NOW + timedelta(hours=1), requested_at=NOW
)
NEW_PASSWORD = UserPasswordChanged(
    user_id=ANN, changed_at=NOW + timedelta(minutes=30), password_hash=NEW_PROFILE.password_hash
)
NEW_NAME = UserProfileChanged(
    user_id=ANN, changed_at=LATER, full_name="A. Lee", avatar_url="https://pictures.example.com/lee.png"
)
BANNED = UserSuspended(user_id=ANN, status="banned", suspended_at=LATER)
BACK = UserReinstated(user_id=ANN, reinstated_at=LATER)


def withdrawn(invitation_id: InvitationId = INVITATION, reason: str = "withdrawn") -> UserInvitationWithdrawn:
    """Return the end of an invitation."""
    return UserInvitationWithdrawn.model_validate(
        {"user_id": ANN, "invitation_id": invitation_id, "reason": reason, "withdrawn_at": LATER}
    )
