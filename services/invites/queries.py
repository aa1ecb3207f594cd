"""Answers questions about invites from the read model, as far as the asker may see."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from services.identity.contract import FindPerson, MailDetails, Role, UserId, WorkspaceId
from services.invites.authority import SEE_ALL, SEE_WORKSPACE, Authority, visible_scopes
from services.invites.contract import (
    SERVICE,
    InviteList,
    InviteRow,
    Invites,
    InviteTokenList,
    InviteTokenRow,
    InviteTokens,
)
from services.invites.sql import QUERIES
from shared.auth import SYSTEM, Principal, service_principal, workspace
from shared.bus.client import Bus
from shared.bus.context import Context
from shared.bus.request import Request, Result
from shared.store.model import PgPool

Narrowed: TypeAlias = Sequence[str] | None
"""Values to search by; None where anything will do."""


@dataclass(frozen=True, slots=True)
class InviteQueries:
    """What answers the queries of invites."""

    bus: Bus
    pool: PgPool
    authority: Authority

    async def invites(self, request: Request[Invites]) -> Result[InviteList]:
        """Return the invites that match and that the asker may see."""
        query = request.message
        asker = await self.authority.asker(request.context)
        scopes, forbidden = _scopes(query, asker)
        people = await self._people(query, request.context)
        rows = await self._find(query, scopes=scopes, people=people)
        return Result(InviteList(rows=rows[: query.limit], forbidden=forbidden, more=len(rows) > query.limit))

    async def tokens(self, request: Request[InviteTokens]) -> Result[InviteTokenList]:
        """Return the tokens of open invites to who could have made any."""
        asker = await self.authority.asker(request.context)
        if not self.authority.may_invite(asker, SYSTEM, Role.SYSTEM_ADMIN):
            return Result(InviteTokenList())
        found = await self._find(Invites(ids=request.message.ids), scopes=None, people=None)
        tokens = await asyncio.gather(*(self._token(row, request.context) for row in found))
        return Result(InviteTokenList(rows=tuple(row for row in tokens if row.token)))

    async def _token(self, invite: InviteRow, context: Context) -> InviteTokenRow:
        asking = context.caused(service_principal(SERVICE))
        content = (await self.bus.ask(MailDetails(user_id=invite.user_id, invitation_id=invite.id), asking)).value
        return InviteTokenRow(id=invite.id, token=content.token)

    async def _people(self, query: Invites, context: Context) -> Narrowed:
        if not query.email:
            return query.user_ids
        person = await self._person(query.email, context)
        known = person and (query.user_ids is None or person in query.user_ids)
        return [person] if known else []

    async def _person(self, email: str, context: Context) -> UserId:
        asking = context.caused(service_principal(SERVICE))
        return (await self.bus.ask(FindPerson(email=email), asking)).value.user_id

    async def _find(self, query: Invites, *, scopes: Narrowed, people: Narrowed) -> tuple[InviteRow, ...]:
        """Return one row more than asked for, where there are more."""
        page = (query.pending_only, query.after_id, query.limit + 1)
        if query.ids is not None:
            found = await self.pool.fetch(QUERIES["find_by_ids"], query.ids, scopes, people, *page)
        elif people is not None:
            found = await self.pool.fetch(QUERIES["find_by_users"], None, scopes, people, *page)
        elif scopes is not None:
            found = await self.pool.fetch(QUERIES["find_by_scopes"], None, scopes, None, *page)
        elif query.pending_only:
            found = await self.pool.fetch(QUERIES["find_pending"], *page[1:])
        else:
            found = await self.pool.fetch(QUERIES["find_all"], *page[1:])
        return tuple(InviteRow.model_validate_json(row["row"]) for row in found)


def _scopes(query: Invites, asker: Principal) -> tuple[Narrowed, tuple[WorkspaceId, ...]]:
    """Return the scopes to search in, None for all, and the workspaces that are refused.

    Raises Unauthenticated or Forbidden where nothing may be seen at all.
    """
    if query.workspace_ids is not None:
        refused = tuple(id_ for id_ in query.workspace_ids if not asker.holds(SEE_WORKSPACE, workspace(id_)))
        return [workspace(id_) for id_ in query.workspace_ids if id_ not in refused], refused
    if asker.holds(SEE_ALL):
        return None, ()
    if query.ids is None and query.user_ids is None:
        asker.require(SEE_ALL)
    return visible_scopes(asker), ()
