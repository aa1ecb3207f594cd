"""The facts about sessions."""

from datetime import datetime
from typing import ClassVar, Literal, TypeAlias

from services.identity.contract.ids import SessionId, UserId
from shared.messages import Event

EndReason: TypeAlias = Literal["user_removed", "signed_out", "ended", "password_changed", "user_suspended"]
"""Why a session ended before its time; `ended`: by its person from another one, or by an administrator."""


class SessionStarted(Event):
    """A person signed in. The token is minted from this event alone; `key_id` is the `kid` that signs it.

    `generation`: how often all sessions of the person had been ended before; one of an older generation is ended too.
    """

    type_name: ClassVar[str] = "session.started"

    session_id: SessionId
    user_id: UserId
    key_id: str
    issued_at: datetime
    expires_at: datetime
    generation: int = 0


class SessionEnded(Event):
    type_name: ClassVar[str] = "session.ended"

    session_id: SessionId
    user_id: UserId
    reason: EndReason
    ended_at: datetime


SessionEvent: TypeAlias = SessionStarted | SessionEnded
