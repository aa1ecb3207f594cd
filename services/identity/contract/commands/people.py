"""The wishes about people."""

from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from services.identity.contract.commands.accounts import Joining
from services.identity.contract.commands.wish import Secret, Wish
from services.identity.contract.ids import (
    BindingId,
    InvitationId,
    TeamId,
    UserId,
    new_binding_id,
    new_invitation_id,
    new_user_id,
)
from services.identity.contract.permissions import Role
from services.identity.contract.rows import Invited, Signed, UserRow
from shared.auth import SYSTEM
from shared.messages import Generated

MOST_TEAMS: Final = 20
"""Teams that an invitation may bring a person into."""


class RegisterUser(Joining[Signed]):
    """Sign a person up; anybody may.

    The first person ever becomes SYSTEM_ADMIN and is active. With `invite_token` the invited person becomes active,
    with all open invitations of that address. Otherwise sign-ups must be open, and without a session the address
    awaits confirmation. `username` "" means the address. Raises Invalid (invalid_email, invalid_text), Rejected
    (weak_password, email_in_use, username_in_use, signups_closed, signup_domain, too_many_sign_ups,
    bootstrap_token_required, invite_not_found, invite_email_mismatch).
    """

    subject: ClassVar[str] = "identity.command.register_user"

    email: str
    password: Secret = Field(repr=False)
    username: str = ""
    full_name: str = ""
    invite_token: str = Field(default="", repr=False)
    bootstrap_token: Secret = Field(default="", repr=False)
    user_id: Annotated[UserId, Generated()] = Field(default_factory=new_user_id)
    binding_id: Annotated[BindingId, Generated()] = Field(default_factory=new_binding_id)


class RemoveUser(Wish[UserRow]):
    """Remove and forget a person; the answer is the person as before. Repeated, its texts are empty.

    Permission: system.user.delete. Rejected: last_admin. NotFound when there is none.
    """

    subject: ClassVar[str] = "identity.command.remove_user"

    user_id: UserId


class InviteUser(Wish[Invited]):
    """Invite an address to the system or a workspace; only `service:invites` may send it, after it has authorised.

    `inviter` and `inviter_kind` name who asked: they stand in the event, and with `allowed_by`, the role that let them,
    beside it. At most one role, which fits the scope; none
    for a plain invitation to the system. `expires_in_s` None means the setting. With the invitation the person joins
    `team_ids`, which takes of the inviter system.teams.update and all that the teams hold. Rejected: email_in_use (an
    account exists), user_already_invited (an open invitation to the scope; to the system and `alone`: to any),
    invalid_role. NotFound for an unknown workspace or team. Forbidden. Invalid (invalid_email).
    """

    subject: ClassVar[str] = "identity.command.invite_user"

    email: str
    scope: str = SYSTEM
    roles: tuple[Role, ...] = ()
    alone: bool = True
    expires_in_s: int | None = Field(default=None, ge=1, le=366 * 86_400)
    inviter: str = ""
    inviter_kind: str = ""
    allowed_by: Annotated[str, Generated()] = ""
    team_ids: tuple[TeamId, ...] = Field(default=(), max_length=MOST_TEAMS)
    user_id: Annotated[UserId, Generated()] = Field(default_factory=new_user_id)
    invitation_id: Annotated[InvitationId, Generated()] = Field(default_factory=new_invitation_id)


class WithdrawInvitation(Wish[Invited]):
    """Withdraw an open invitation, or end it at its time; only `service:invites` may send it.

    The last one of a person who never signed up removes the person. `asked_by`, its kind and `allowed_by` name who
    asked and the role that let them; without them the service did it itself. Rejected (invite_not_found) when it is
    not open.
    """

    subject: ClassVar[str] = "identity.command.withdraw_invitation"

    invitation_id: InvitationId
    reason: Literal["withdrawn", "expired"] = "withdrawn"
    asked_by: str = ""
    asked_by_kind: str = ""
    allowed_by: Annotated[str, Generated()] = ""
