"""The wishes about visits."""

from typing import ClassVar

from pydantic import Field

from services.identity.contract.commands.wish import Secret, Wish
from services.identity.contract.rows import VisitRow


class BeginVisit(Wish[VisitRow]):
    """Hand in a pass for a visit; whoever holds the pass may, once.

    Raises Unauthenticated where the pass is forged, expired or used, or its session has ended.
    """

    subject: ClassVar[str] = "identity.command.begin_visit"

    pass_token: Secret = Field(repr=False)
