"""People in an order of the asker's."""

from dataclasses import dataclass
from typing import Any, Final

from services.identity.contract import SortedUsers, UserPage, entity_kind
from services.identity.handlers.kit import Kit
from services.identity.queries.pages import page
from services.identity.queries.people import with_shown_roles
from services.identity.queries.seeing import asker_of, reached_from
from services.identity.queries.sorting import criteria, query_of
from services.identity.sql import QUERIES
from shared.auth import Principal
from shared.bus.request import Request, Result
from shared.errors import Forbidden
from shared.store.model import PgPool

_SEE_ALL: Final = "system.users.get"


@dataclass(frozen=True, slots=True)
class SortedUserQueries:
    """What answers the question about people in an order."""

    kit: Kit

    async def users(self, request: Request[SortedUsers]) -> Result[UserPage]:
        """List everybody, or who holds a role on an entity."""
        asked, asker = request.message, await asker_of(request.context, self.kit)
        await self._check(asker, asked.entity)
        of = ("users_on_entity", asked.entity) if asked.entity else ("total", "users")
        count: int = await self._pool.fetchval(QUERIES[of[0]], of[1])
        if asked.offset >= count or not asked.limit:  # what is past the end need not be walked to
            return Result(UserPage(count=count))
        rows = await with_shown_roles(self._pool, asker, await self._found(asked))
        kept, more = page(rows, limit=asked.limit)
        return Result(UserPage(rows=kept, more=more, count=count))

    async def _check(self, asker: Principal, entity: str) -> None:
        if asker.holds(_SEE_ALL):
            return
        if entity:
            places = (await reached_from(self._pool, [entity]))[entity]
            if asker.holds(f"{entity_kind(entity)}.users.get", *places):
                return
        raise Forbidden(f"permission {_SEE_ALL} is required")

    async def _found(self, asked: SortedUsers) -> list[Any]:
        wanted, paging = criteria(asked.orders), (asked.offset, asked.limit + 1)
        if asked.entity:
            return await self._pool.fetch(QUERIES["users_on"], *paging, wanted, asked.entity)
        query = QUERIES[query_of("users", wanted)]
        return await self._pool.fetch(query, *paging, *([wanted] if len(wanted) > 1 else []))

    @property
    def _pool(self) -> PgPool:
        return self.kit.running.pool_queries
