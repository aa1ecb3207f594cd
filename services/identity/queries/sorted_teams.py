"""Teams and their members in an order of the asker's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.identity.contract import SortedTeamMembers, SortedTeams, TeamList, TeamMemberList
from services.identity.handlers.kit import Kit
from services.identity.queries.pages import page
from services.identity.queries.people import with_shown_roles
from services.identity.queries.seeing import asker_of
from services.identity.queries.sorting import criteria, query_of
from services.identity.queries.teams import SEE_ALL, members_of, teams_with_roles
from services.identity.sql import QUERIES
from shared.bus.request import Request, Result
from shared.errors import NotFound
from shared.store.model import PgPool


@dataclass(frozen=True, slots=True)
class SortedTeamQueries:
    """What answers the questions about teams in an order."""

    kit: Kit

    async def teams(self, request: Request[SortedTeams]) -> Result[TeamList]:
        """List all teams, or those with one of the names."""
        asked, asker = request.message, await asker_of(request.context, self.kit)
        asker.require(SEE_ALL)
        wanted = criteria(asked.orders)
        count = await self._count("total", "teams") if asked.names is None else await self._named(asked.names)
        if asked.offset >= count or not asked.limit:  # what is past the end need not be walked to
            return Result(TeamList(count=count))
        paging = (asked.offset, asked.limit + 1)
        if asked.names is not None:
            found = await self._pool.fetch(QUERIES["teams_named"], *paging, wanted, list(asked.names))
        elif len(wanted) > 1:
            found = await self._pool.fetch(QUERIES[query_of("teams", wanted)], *paging, wanted)
        else:
            found = await self._pool.fetch(QUERIES[query_of("teams", wanted)], *paging)
        kept, more = page(await teams_with_roles(self._pool, asker, found), limit=asked.limit)
        return Result(TeamList(rows=kept, more=more, count=count))

    async def members(self, request: Request[SortedTeamMembers]) -> Result[TeamMemberList]:
        """List the members of a team."""
        asked, asker = request.message, await asker_of(request.context, self.kit)
        asker.require(SEE_ALL)
        known = await self._pool.fetchrow(QUERIES["team_size"], asked.team_id)
        if known is None:
            raise NotFound("there is no such team")
        count: int = known["members"]
        found: Sequence[Any] = ()
        if asked.offset < count and asked.limit:
            paging = (asked.offset, asked.limit + 1)
            query = QUERIES["sorted_team_members"]
            found = await self._pool.fetch(query, *paging, criteria(asked.orders), asked.team_id)
        people = await with_shown_roles(self._pool, asker, found, column="person", wanted=False)
        kept, more = page(members_of(found, people), limit=asked.limit)
        return Result(TeamMemberList(rows=kept, more=more, count=count))

    @property
    def _pool(self) -> PgPool:
        return self.kit.running.pool_queries

    async def _count(self, name: str, *arguments: object) -> int:
        count: int = await self._pool.fetchval(QUERIES[name], *arguments)
        return count

    async def _named(self, names: Sequence[str]) -> int:
        return await self._count("teams_with_names", list(names))
