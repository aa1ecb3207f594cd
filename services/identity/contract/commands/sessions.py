"""The wishes about sessions."""

from typing import Annotated, ClassVar

from pydantic import Field

from services.identity.contract.commands.wish import Secret, Wish
from services.identity.contract.ids import SessionId, WorkspaceId, new_session_id
from services.identity.contract.rows import Done, Signed
from shared.messages import Generated


class SignIn(Wish[Signed]):
    """Begin a session with a password; anybody may. `identity` is a username or an e-mail address.

    With `workspace_id` the person has to hold a role there, else Forbidden. Raises Rejected: bad_credentials in equal
    time for an unknown identity, a wrong password, an account that may not sign in and one that is locked after too
    many failures; awaiting_confirmation only behind the right password.
    """

    subject: ClassVar[str] = "identity.command.sign_in"

    identity: str
    password: Secret = Field(repr=False)
    duration_days: int | None = None
    workspace_id: WorkspaceId | None = None
    session_id: Annotated[SessionId, Generated()] = Field(default_factory=new_session_id)


class EndSession(Wish[Done]):
    """End a session; ending an ended one changes nothing.

    Permission: one's own, else system.iam.update, without which a foreign and an unknown session are Forbidden alike.
    """

    subject: ClassVar[str] = "identity.command.end_session"

    session_id: SessionId
