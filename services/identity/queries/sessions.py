"""The question about the sessions of a person."""

from dataclasses import dataclass

from services.identity.contract import OpenSessionRow, SessionList, Sessions
from services.identity.handlers.kit import Kit
from services.identity.queries.pages import page
from services.identity.queries.seeing import asker_of, is_self
from services.identity.sql import QUERIES
from shared.bus.request import Request, Result
from shared.clock import utc_now


@dataclass(frozen=True, slots=True)
class SessionQueries:
    """What answers Sessions."""

    kit: Kit

    async def sessions(self, request: Request[Sessions]) -> Result[SessionList]:
        """Return the sessions of a person that have neither ended nor expired."""
        asked, asker = request.message, await asker_of(request.context, self.kit)
        if not is_self(asker, asked.user_id):
            asker.require("system.users.get")
        found = await self.kit.running.pool_queries.fetch(
            QUERIES["open_sessions"], asked.user_id, asked.after_id, asked.limit + 1, utc_now()
        )
        rows = [OpenSessionRow.model_validate_json(each["row"]) for each in found]
        kept, more = page(rows, limit=asked.limit)
        return Result(SessionList(rows=kept, more=more))
