"""The question about sessions."""

from typing import ClassVar

from services.identity.contract.ids import UserId
from services.identity.contract.queries.question import Paged
from services.identity.contract.rows import SessionList


class Sessions(Paged[SessionList]):
    """List the open sessions of a person. Permission: one's own, else system.users.get."""

    subject: ClassVar[str] = "identity.query.sessions"

    user_id: UserId
