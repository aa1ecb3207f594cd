"""The question of who sends mail."""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from services.identity.contract.ids import InvitationId, UserId
from services.identity.contract.queries.question import Question
from services.identity.contract.rows import MailContent


class MailPurpose(StrEnum):
    """What a mail is for; its token holds for that alone."""

    INVITE = "invite"
    CONFIRM = "confirm"
    RESET = "reset"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  a notice without a token
    WORKSPACE_ADDED = "workspace_added"


class MailDetails(Question[MailContent]):
    """Return the address and the token for a mail that is about to be sent; only `service:invites` may ask.

    `invitation_id` is there for an invitation alone, `event_id` for a role in a workspace: the event that gave it.
    `status` is GONE when the invitation or the link is not open any more, or `generation` is not the present one; or
    when the role or its workspace is gone.
    """

    subject: ClassVar[str] = "identity.query.mail_details"

    user_id: UserId
    invitation_id: InvitationId = InvitationId("")
    purpose: MailPurpose = MailPurpose.INVITE
    generation: int = 1
    event_id: UUID | None = None
