"""The wishes about the keys that sign tokens."""

from typing import Annotated, ClassVar

from pydantic import Field

from services.identity.contract.commands.wish import Wish
from services.identity.contract.rows.signing_keys import SigningKeyRow
from shared.ids import new_id
from shared.messages import Generated


class RotateSigningKey(Wish[SigningKeyRow]):
    """Make a key that signs tokens from some seconds on, 10 by default; those that signed before go on verifying.

    Permission: system.iam.update.
    """

    subject: ClassVar[str] = "identity.command.rotate_signing_key"

    key_id: Annotated[str, Generated()] = Field(default_factory=new_id)


class RevokeSigningKey(Wish[SigningKeyRow]):
    """Take a key away: no token that it signed is good any more, from the next request on.

    Permission: system.iam.update. NotFound when there is none. Rejected (signing_key_in_use) for the key that
    signs now: make another one first.
    """

    subject: ClassVar[str] = "identity.command.revoke_signing_key"

    key_id: str
