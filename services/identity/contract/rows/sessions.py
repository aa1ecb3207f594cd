"""What is told of signing in and up."""

from datetime import datetime

from pydantic import Field

from services.identity.contract.ids import SessionId, UserId
from services.identity.contract.rows.people import UserRow
from shared.messages import Message, Row


class SessionRow(Row):
    """A session as its owner gets it, once: with the token that stands for it."""

    id: SessionId
    token: str = Field(repr=False)
    user_id: UserId
    issued_at: datetime
    expires_at: datetime


class OpenSessionRow(Row):
    """A session that is open, as lists show it: without its token."""

    id: SessionId
    user_id: UserId
    issued_at: datetime
    expires_at: datetime


class SessionList(Message):
    """Open sessions by rising id; `more`: ask again with `after_id` = the last id."""

    rows: tuple[OpenSessionRow, ...] = ()
    more: bool = False


class Signed(Message):
    """A person who signed in or up; no session where the address awaits confirmation."""

    user: UserRow
    session: SessionRow | None = None


class SignUpState(Message):
    """How signing up works now; `initial`: nobody has signed up yet, so the first one becomes the administrator."""

    public: bool
    initial: bool
    organization: str = ""


class Done(Message):
    """Nothing more to say."""
