"""What stands in the outbox of invites: what is to be done, never an address, a token or a rendered mail."""

from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict

from services.identity.contract import MailPurpose, UserId
from services.invites.contract import InviteId

MAIL: Final = "mail"
EXPIRY: Final = "invite-expiry"


class MailJob(BaseModel):
    """A mail to send; its address and its token are asked for at that moment."""

    model_config = ConfigDict(frozen=True)

    purpose: MailPurpose
    user_id: UserId
    invitation_id: InviteId
    generation: int = 1


class ExpiryJob(BaseModel):
    """An invite to end once its time is up."""

    model_config = ConfigDict(frozen=True)

    invite_id: InviteId
    expires_at: datetime
