"""The questions about from where something was asked: sealed for every service to keep, opened for who may know."""

from typing import ClassVar

from pydantic import Field

from services.identity.contract.queries.question import Question
from services.identity.contract.rows.origins import OpenedOrigins, SealedOrigin
from shared.messages import MOST_ROWS


class SealOrigin(Question[SealedOrigin]):
    """Seal the origin of this very message under the key of who asks; for the gateway, before a command."""

    subject: ClassVar[str] = "identity.query.seal_origin"


class OpenOrigins(Question[OpenedOrigins]):
    """Return the origins behind seals, in their order, None for those that are forgotten.

    Permission: system.audit.get, or workspace.audit.get on `workspace_id`.
    """

    subject: ClassVar[str] = "identity.query.open_origins"

    seals: tuple[str, ...] = Field(max_length=MOST_ROWS)
    workspace_id: str = ""
