"""The rows of the keys that sign tokens."""

from datetime import datetime
from enum import StrEnum

from shared.messages import Message, Row


class SigningKeyState(StrEnum):
    """Where a key stands.

    NEXT: it will sign in a moment. SIGNING: it signs. RETIRED: it signs no more, what it signed is good. REVOKED:
    nothing that it signed is good.
    """

    NEXT = "next"
    SIGNING = "signing"
    RETIRED = "retired"
    REVOKED = "revoked"


class SigningKeyRow(Row):
    """A key: its name (the `kid` of tokens) and its public half, as the `x` of RFC 8037, section 2."""

    id: str
    public_key: str
    state: SigningKeyState
    created_at: datetime
    signs_from: datetime
    revoked_at: datetime | None = None


class SigningKeyList(Message):
    """The keys, in the order in which they began to sign."""

    rows: tuple[SigningKeyRow, ...] = ()
