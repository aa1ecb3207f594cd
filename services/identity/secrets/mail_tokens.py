"""The tokens in mails: derived from what they stand for, never stored."""

import base64
import hmac
from datetime import datetime
from typing import Final

from services.identity.contract import MailPurpose
from shared.store.secrets import derive_key

_PURPOSE: Final = "mail tokens"


class MailTokens:
    """Derives and checks tokens `id.base64url(HMAC-SHA256(mail key, purpose | id | generation | expiry))`."""

    def __init__(self, master_key: bytes) -> None:
        """`master_key`: 32 bytes."""
        self._key = derive_key(master_key, _PURPOSE)

    def token(self, purpose: MailPurpose, id_: str, *, generation: int, expires_at: datetime) -> str:
        """Return the token; the same one every time."""
        # No part can hold a newline, so that two different tuples never make one text.
        text = "\n".join((purpose.value, id_, str(generation), str(int(expires_at.timestamp()))))
        digest = hmac.digest(self._key, text.encode(), "sha256")
        return f"{id_}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"

    def holds(self, token: str, purpose: MailPurpose, id_: str, *, generation: int, expires_at: datetime) -> bool:
        """Say whether `token` is the one for these; in constant time."""
        right = self.token(purpose, id_, generation=generation, expires_at=expires_at)
        return hmac.compare_digest(right.encode(), token.encode())


def id_of(token: str) -> str:
    """Return the id that a token names; it may be false."""
    return token.partition(".")[0]
