"""The wishes about accounts: confirming, passwords, profiles, suspension."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from services.identity.contract.commands.wish import Secret, Wish
from services.identity.contract.ids import (
    BindingId,
    SessionId,
    UserId,
    WorkspaceId,
    new_binding_id,
    new_session_id,
    new_workspace_id,
)
from services.identity.contract.rows import Done, Signed, UserRow
from shared.messages import AnswerT, Generated


class Joining(Wish[AnswerT]):
    """The base of wishes by which a person may become active: with what a session and a first workspace are made of.

    `duration_days` is clamped to 1…7; None means 24 h.
    """

    duration_days: int | None = None
    session_id: Annotated[SessionId, Generated()] = Field(default_factory=new_session_id)
    workspace_id: Annotated[WorkspaceId, Generated()] = Field(default_factory=new_workspace_id)
    workspace_binding_id: Annotated[BindingId, Generated()] = Field(default_factory=new_binding_id)


class ConfirmEmail(Joining[Signed]):
    """Confirm an address by the mailed token and sign in; anybody may. The token works once.

    Open invitations of the address are used up as by their own token. Where the person comes to anything by it, the
    password of the sign-up is dropped and a link mailed by which they choose one. Rejected: invalid_token.
    """

    subject: ClassVar[str] = "identity.command.confirm_email"

    token: str = Field(repr=False)


class ResetPassword(Joining[Signed]):
    """Set a new password by the mailed token and sign in; anybody may. The token works once.

    All sessions that were begun before end. Who awaited confirmation is confirmed by it: the token came by mail.
    Rejected: invalid_reset_token, weak_password.
    """

    subject: ClassVar[str] = "identity.command.reset_password"

    token: str = Field(repr=False)
    password: Secret = Field(repr=False)


class RequestConfirmation(Wish[Done]):
    """Mail the confirmation's token again; anybody may. Whether somebody qualifies shows neither in answer nor time."""

    subject: ClassVar[str] = "identity.command.request_confirmation"

    email: str = Field(repr=False)


class RequestPasswordReset(Wish[Done]):
    """Mail a token that resets the password; anybody may. Whether somebody qualifies shows neither in answer nor time.

    Who is pending or active qualifies, once a minute.
    """

    subject: ClassVar[str] = "identity.command.request_password_reset"

    email: str = Field(repr=False)


class VerifyEmail(Wish[UserRow]):
    """Vouch for an address, which makes a pending person active; one who is active stays so.

    What becomes of the password is as in ConfirmEmail.
    Permission: system.user.verifyEmail. NotFound when nobody has an account with it. Rejected: invalid_status.
    """

    subject: ClassVar[str] = "identity.command.verify_email"

    email: str = Field(repr=False)


class UpdateUser(Wish[UserRow]):
    """Change a person's profile; None leaves a text as it is, "" clears it.

    Permission: one's own, else system.iam.update. Raises Invalid (invalid_text), NotFound where there is no account.
    """

    subject: ClassVar[str] = "identity.command.update_user"

    user_id: UserId
    full_name: str | None = Field(default=None, repr=False)
    avatar_url: str | None = Field(default=None, repr=False)


class SetUserStatus(Wish[UserRow]):
    """Suspend a person as inactive or banned, or reinstate them as active.

    A suspended person keeps all that they have and holds nothing; their sessions end. Permission: system.iam.update,
    and for reinstating every permission of the roles that come back. Rejected: last_admin, invalid_status.
    NotFound where there is no account.
    """

    subject: ClassVar[str] = "identity.command.set_user_status"

    user_id: UserId
    status: Literal["active", "inactive", "banned"]
