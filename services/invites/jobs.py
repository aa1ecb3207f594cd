"""What stands in the outbox of invites: what is to be done, never an address, a token or a rendered mail."""

from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.identity.contract import InvitationId, MailPurpose, UserId
from services.invites.contract import InviteId

MAIL: Final = "mail"
EXPIRY: Final = "invite-expiry"


class MailJob(BaseModel):
    """A mail to send; its address and its token are asked for at that moment.

    `invitation_id`: of an invite's alone. `event_id`: the event of identity that asked for any other.
    """

    model_config = ConfigDict(frozen=True)

    purpose: MailPurpose
    user_id: UserId
    invitation_id: InviteId = InvitationId("")
    generation: int = 1
    event_id: UUID | None = None


class ExpiryJob(BaseModel):
    """An invite to end once its time is up."""

    model_config = ConfigDict(frozen=True)

    invite_id: InviteId
    expires_at: datetime
