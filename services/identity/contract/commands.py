"""The wishes that identity takes. Fields marked Generated are made by the sender and no part of the wish."""

from datetime import datetime
from typing import Annotated, ClassVar, Final, Literal

from pydantic import ConfigDict, Field

from services.identity.contract.ids import (
    BindingId,
    CredentialId,
    InvitationId,
    SessionId,
    UserId,
    WorkspaceId,
    new_binding_id,
    new_credential_id,
    new_invitation_id,
    new_session_id,
    new_user_id,
    new_workspace_id,
)
from services.identity.contract.permissions import Role
from services.identity.contract.rows import Invited, ServiceAccountRow, Signed, UserRow, WorkspaceRow, WorkspaceUser
from shared.auth import SYSTEM
from shared.clock import utc_now
from shared.messages import AnswerT, Command, Generated

MOST_TEXT: Final = 255
"""Characters of a label, a category, a username or a person's name."""

MOST_DESCRIPTION: Final = 4096

Now = Annotated[datetime, Generated()]
Secret = Annotated[str, Generated()]
"""A secret: kept out of the digest of the wish, for that is stored, and fast to guess from."""


class _Wish(Command[AnswerT]):
    # A refused value must not stand in an error's text: it may be a password or an address.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    now: Now = Field(default_factory=utc_now)


class RegisterUser(_Wish[Signed]):
    """Sign a person up; anybody may.

    The first person ever becomes SYSTEM_ADMIN and is active. With `invite_token` the invited person becomes active,
    with all open invitations of that address. Otherwise sign-ups must be open. `duration_days` is clamped to 1…7; None
    means 24 h. `username` "" means the address. Raises Invalid (invalid_email, invalid_text), Rejected (weak_password,
    email_in_use, username_in_use, signups_closed, bootstrap_token_required, invite_not_found, invite_email_mismatch).
    """

    subject: ClassVar[str] = "identity.command.register_user"

    email: str
    password: Secret = Field(repr=False)
    username: str = ""
    full_name: str = ""
    invite_token: str = Field(default="", repr=False)
    duration_days: int | None = None
    bootstrap_token: Secret = Field(default="", repr=False)
    user_id: Annotated[UserId, Generated()] = Field(default_factory=new_user_id)
    session_id: Annotated[SessionId, Generated()] = Field(default_factory=new_session_id)
    binding_id: Annotated[BindingId, Generated()] = Field(default_factory=new_binding_id)


class SignIn(_Wish[Signed]):
    """Begin a session with a password; anybody may. `identity` is a username or an e-mail address.

    Raises Rejected: bad_credentials in equal time for an unknown identity, a wrong password and an account that may
    not sign in; awaiting_confirmation only behind the right password.
    """

    subject: ClassVar[str] = "identity.command.sign_in"

    identity: str
    password: Secret = Field(repr=False)
    duration_days: int | None = None
    session_id: Annotated[SessionId, Generated()] = Field(default_factory=new_session_id)


class CreateWorkspace(_Wish[WorkspaceRow]):
    """Create a workspace; its creator becomes WORKSPACE_ADMIN of it, a service account gets no binding.

    Permission: system.workspace.create, which every login holds.
    """

    subject: ClassVar[str] = "identity.command.create_workspace"

    label: str
    description: str = ""
    workspace_id: Annotated[WorkspaceId, Generated()] = Field(default_factory=new_workspace_id)
    binding_id: Annotated[BindingId, Generated()] = Field(default_factory=new_binding_id)


class UpdateWorkspace(_Wish[WorkspaceRow]):
    """Change the label or the description of a workspace; None leaves one as it is.

    Permission: workspace.config.update on it. NotFound when there is none.
    """

    subject: ClassVar[str] = "identity.command.update_workspace"

    workspace_id: WorkspaceId
    label: str | None = None
    description: str | None = None


class DeleteWorkspace(_Wish[WorkspaceRow]):
    """Delete a workspace; the answer is the workspace as it was before.

    Its bindings count no more at once; they, its invitations and its service accounts are cleared away after.
    Permission: workspace.config.delete on it. Rejected (deployments_exist) while a deployment lives in it.
    """

    subject: ClassVar[str] = "identity.command.delete_workspace"

    workspace_id: WorkspaceId


class AddWorkspaceUser(_Wish[WorkspaceUser]):
    """Give a person a role in a workspace: a binding where the address is known, else an invitation.

    Permission: workspace.iam.update on it, and every permission of `role`. Rejected: invalid_role, duplicate_binding,
    user_already_invited.
    """

    subject: ClassVar[str] = "identity.command.add_workspace_user"

    workspace_id: WorkspaceId
    email: str
    role: Role = Role.WORKSPACE_VIEWER
    user_id: Annotated[UserId, Generated()] = Field(default_factory=new_user_id)
    invitation_id: Annotated[InvitationId, Generated()] = Field(default_factory=new_invitation_id)
    binding_id: Annotated[BindingId, Generated()] = Field(default_factory=new_binding_id)


class UpdateWorkspaceUserRole(_Wish[WorkspaceUser]):
    """Change a person's role in a workspace, or that of their open invitation to it.

    Permission: workspace.iam.update on it, and every permission of `role`. Rejected: invalid_role. NotFound when the
    address has neither a binding nor an open invitation there.
    """

    subject: ClassVar[str] = "identity.command.update_workspace_user_role"

    workspace_id: WorkspaceId
    email: str
    role: Role


class RemoveUser(_Wish[UserRow]):
    """Remove and forget a person; the answer is the person as before. Repeated, its texts are empty.

    Permission: system.user.delete. Rejected: last_admin. NotFound when there is none.
    """

    subject: ClassVar[str] = "identity.command.remove_user"

    user_id: UserId


class CreateServiceAccount(_Wish[ServiceAccountRow]):
    """Create a service account on the system or a workspace, for the key that the sender made.

    `entity`: `system` or `workspace:<id>`. `role` None means `<ENTITY>_ADMIN`. `key`: 32 hexadecimal digits in lower
    case; show it only if its SHA-256 is the `key_digest` of the answer. Permission: system.serviceAccounts.create, or
    workspace.serviceAccounts.create on the workspace; and every permission of `role`. Rejected: role_entity_mismatch.
    """

    subject: ClassVar[str] = "identity.command.create_service_account"

    label: str
    category: str = ""
    entity: str
    role: Role | None = None
    key: Secret = Field(repr=False)
    credential_id: Annotated[CredentialId, Generated()] = Field(default_factory=new_credential_id)


class DeleteServiceAccount(_Wish[ServiceAccountRow]):
    """Delete a service account; its key stops working at once. The answer is the account as it was before.

    Permission: system.serviceAccounts.delete, or workspace.serviceAccounts.delete on its workspace.
    NotFound when there is none.
    """

    subject: ClassVar[str] = "identity.command.delete_service_account"

    credential_id: CredentialId


class InviteUser(_Wish[Invited]):
    """Invite an address to the system or a workspace; only `service:invites` may send it, after it has authorised.

    `inviter` and `inviter_kind` name who asked: they stand in the event. At most one role, which fits the scope; none
    for a plain invitation to the system. `expires_in_s` None means the setting. Rejected: email_in_use (an account
    exists), user_already_invited (an open invitation: of any scope for the system, else of that workspace),
    invalid_role. NotFound for an unknown workspace. Invalid (invalid_email).
    """

    subject: ClassVar[str] = "identity.command.invite_user"

    email: str
    scope: str = SYSTEM
    roles: tuple[Role, ...] = ()
    expires_in_s: int | None = Field(default=None, ge=1, le=366 * 86_400)
    inviter: str = ""
    inviter_kind: str = ""
    user_id: Annotated[UserId, Generated()] = Field(default_factory=new_user_id)
    invitation_id: Annotated[InvitationId, Generated()] = Field(default_factory=new_invitation_id)


class WithdrawInvitation(_Wish[Invited]):
    """Withdraw an open invitation, or end it at its time; only `service:invites` may send it.

    The last one of a person who never signed up removes the person. Rejected (invite_not_found) when it is not open.
    """

    subject: ClassVar[str] = "identity.command.withdraw_invitation"

    invitation_id: InvitationId
    reason: Literal["withdrawn", "expired"] = "withdrawn"
