"""The questions about people: who they are, and their places in workspaces."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter

from services.identity.contract import (
    MOST_ROLES,
    BindingList,
    Bindings,
    LoadUsers,
    MemberList,
    MemberRow,
    UserBindingRow,
    UserId,
    UserList,
    UserRow,
    Users,
    WorkspaceId,
    WorkspaceMembers,
    addresses,
    entity_id,
    entity_kind,
)
from services.identity.domain import texts
from services.identity.handlers.kit import Kit
from services.identity.handlers.replies import with_roles, without_roles
from services.identity.handlers.streams import DEPLOYMENT, WORKSPACE
from services.identity.projections.rows import UserRecord
from services.identity.queries.pages import page
from services.identity.queries.seeing import asker_of, entities_with, is_self, reached_from
from services.identity.sql import QUERIES
from shared import auth
from shared.auth import Principal
from shared.bus.request import Request, Result
from shared.errors import Forbidden, Invalid
from shared.messages import MOST_ROWS
from shared.store.model import PgPool

_BINDINGS: Final = TypeAdapter(list[UserBindingRow])
_SEE_ALL: Final = "system.users.get"
_SEE_MEMBERS: Final = "workspace.users.get"
_SEE_DEPLOYMENT_USERS: Final = "deployment.users.get"
_SEE_INVITED: Final = "workspace.invites.get"


@dataclass(frozen=True, slots=True)
class People:
    """What answers the questions about people."""

    kit: Kit

    @property
    def pool(self) -> PgPool:
        """Return the connections to the rows."""
        return self.kit.running.pool_queries

    async def users(self, request: Request[Users]) -> Result[UserList]:
        """Search: everybody for who may see all, else oneself alone."""
        asked, asker = request.message, await asker_of(request.context, self.kit)
        rows = await self._search(asker, asked)
        if not asker.holds(_SEE_ALL):
            _only_oneself(asked, asker, rows)
        kept, more = page(rows, limit=asked.limit)
        return Result(UserList(rows=kept, more=more))

    async def load_users(self, request: Request[LoadUsers]) -> Result[UserList]:
        """Return those of the ids that the asker may see."""
        asked, asker = request.message, await asker_of(request.context, self.kit)
        found = await self._seen(asker, asked.ids, asked.after_id)
        if len(found) < len(set(asked.ids)) and not asked.after_id:
            # Who knows an id has it from an event, perhaps of another service's rows that were faster than ours.
            await self._catch_up()
            found = await self._seen(asker, asked.ids, asked.after_id)
        rows = await with_shown_roles(self.pool, asker, found, wanted=asked.with_roles)
        kept, more = page(rows, limit=MOST_ROWS)
        return Result(UserList(rows=kept, more=more))

    async def bindings(self, request: Request[Bindings]) -> Result[BindingList]:
        """Return the bindings that the asker may see: where one is seen, so is its person."""
        asked, asker = request.message, await asker_of(request.context, self.kit)
        if asked.entities:
            return await self._bindings_on(asker, asked)
        of = (list(asked.user_ids), asked.after_id, asked.limit + 1)
        found = await self.pool.fetch(QUERIES["bindings_of_people"], *of, *_shown_to(asker))
        kept, more = page(_bindings(found), limit=asked.limit)
        return Result(BindingList(rows=kept, more=more))

    async def _bindings_on(self, asker: Principal, asked: Bindings) -> Result[BindingList]:
        places = await reached_from(self.pool, asked.entities)
        seen = [entity for entity in asked.entities if _sees_holders(asker, places[entity])]
        found = await self.pool.fetch(QUERIES["bindings_on_entities"], seen, asked.after_id, asked.limit + 1)
        kept, more = page(_bindings(found), limit=asked.limit)
        forbidden = tuple(entity for entity in asked.entities if entity not in set(seen))
        return Result(BindingList(rows=kept, more=more, forbidden=forbidden))

    async def members(self, request: Request[WorkspaceMembers]) -> Result[MemberList]:
        """Return the members of those workspaces whose members the asker may see."""
        asked, asker = request.message, await asker_of(request.context, self.kit)
        everywhere = asker.holds(_SEE_ALL) or asker.holds(_SEE_MEMBERS)
        places = set(entities_with(asker, _SEE_MEMBERS))
        seen = [id_ for id_ in asked.workspace_ids if everywhere or auth.workspace(id_) in places]
        kept, more = page(await self._members(asker, asked, seen), limit=asked.limit)
        forbidden = tuple(id_ for id_ in asked.workspace_ids if id_ not in set(seen))
        return Result(MemberList(rows=kept, more=more, forbidden=forbidden))

    async def _search(self, asker: Principal, asked: Users) -> Sequence[UserRow]:
        found = await found_people(self.pool, asked)
        return await with_shown_roles(self.pool, asker, found, wanted=asked.with_roles)

    async def _seen(self, asker: Principal, ids: Sequence[UserId], after_id: str) -> Sequence[Any]:
        return await self.pool.fetch(
            QUERIES["users_seen"],
            list(ids),
            after_id,
            *_shown_to(asker),
            entities_with(asker, _SEE_INVITED),
        )

    async def _catch_up(self) -> None:
        head = await self.kit.running.store.head()
        await self.kit.running.followers.wait_for(position=head.position)

    async def _members(
        self, asker: Principal, asked: WorkspaceMembers, seen: Sequence[WorkspaceId]
    ) -> Sequence[MemberRow]:
        common = ([auth.workspace(id_) for id_ in seen], asked.after_id, asked.limit + 1)
        user_id = asked.user_id
        if asked.email:
            holder = await self.pool.fetchrow(QUERIES["person_with_address"], address(asked.email))
            if holder is None or user_id not in {"", holder["id"]}:
                return []
            user_id = str(holder["id"])
        if user_id:
            found = await self.pool.fetch(QUERIES["members_who_are"], *common, user_id)
        else:
            found = await self.pool.fetch(QUERIES["members"], *common)
        people = await with_shown_roles(self.pool, asker, found, column="person", wanted=asked.with_roles)
        return [_member(each["binding"], person) for each, person in zip(found, people, strict=True)]


async def found_people(pool: PgPool, asked: Users) -> Sequence[Any]:
    """Return the rows of the persons that a search finds, one more than it may tell where there are others."""
    if asked.search:
        return await pool.fetch(QUERIES["users_beginning_with"], asked.after_id, asked.limit + 1, asked.search.strip())
    email, username = address(asked.email), texts.sign_in_name(asked.username)
    values = (asked.ids, email, username, asked.full_name, asked.created_at, asked.updated_at)
    chosen = (name for name, value in zip(_BY, values, strict=True) if value not in {None, ""})
    name = next(chosen, "")
    if not name:
        return await pool.fetch(QUERIES["users_all"], asked.after_id, asked.limit + 1)
    ids = None if asked.ids is None else list(asked.ids)
    return await pool.fetch(QUERIES[name], asked.after_id, asked.limit + 1, ids, *values[1:])


async def with_shown_roles(
    pool: PgPool, asker: Principal, found: Sequence[Any], *, column: str = "row", wanted: bool = True
) -> Sequence[UserRow]:
    """Return persons, where `wanted` with those of their roles that the asker may see."""
    records = [UserRecord.model_validate_json(each[column]) for each in found]
    if not wanted:
        return list(map(without_roles, records))
    roles: dict[str, list[UserBindingRow]] = {record.id: [] for record in records}
    rows = await pool.fetch(QUERIES["roles_of_people"], list(roles), MOST_ROLES + 1, *_shown_to(asker))
    for binding in _bindings(rows):
        roles[binding.user_id].append(binding)
    return [with_roles(record, roles[record.id]) for record in records]


def _bindings(found: Sequence[Any]) -> Sequence[UserBindingRow]:
    """Return the bindings of rows, read at once: there are thousands in a page of people."""
    return _BINDINGS.validate_json(f"[{','.join(each['row'] for each in found)}]")


def _sees_holders(asker: Principal, places: Sequence[str]) -> bool:
    """Say whether the asker may know who holds a role on an entity; `places`: it and what it is in."""
    return asker.holds(_SEE_ALL) or asker.holds(f"{entity_kind(places[0])}.users.get", *places)


def _shown_to(asker: Principal) -> tuple[bool, str, list[str], list[str]]:
    """Return of whom an asker sees roles.

    Whether of all; the person who sees all about themself; the entities whose roles are seen; and the workspaces whose
    deployments' are.
    """
    own = asker.subject if is_self(asker, asker.subject) else ""
    on_deployments = entities_with(asker, _SEE_DEPLOYMENT_USERS)
    single = [entity for entity in on_deployments if entity_kind(entity) == DEPLOYMENT.kind]
    places = [entity_id(entity) for entity in on_deployments if entity_kind(entity) == WORKSPACE.kind]
    return asker.holds(_SEE_ALL), own, [*entities_with(asker, _SEE_MEMBERS), *single], places


def _only_oneself(asked: Users, asker: Principal, rows: Sequence[UserRow]) -> None:
    """Raise Forbidden unless the asker looked for themself; what else exists does not show."""
    by_name = bool(asked.email or asked.username)
    meant = asked.ids == (asker.subject,) or (asked.ids is None and by_name)
    if not meant or not rows or not all(is_self(asker, row.id) for row in rows):
        raise Forbidden(f"permission {_SEE_ALL} is required")


def address(text: str) -> str:
    """Return an address as it is stored; what is none is compared in lower case, and matches nobody."""
    if not text:
        return ""
    try:
        return addresses.email_address(text)
    except Invalid:
        return texts.sign_in_name(text)


def _member(binding: str, person: UserRow) -> MemberRow:
    row = UserBindingRow.model_validate_json(binding)
    return MemberRow(
        id=row.id,
        workspace_id=WorkspaceId(row.entity.partition(":")[2]),
        role=row.role,
        user=person,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


_BY: Final = (
    "users_by_ids",
    "users_by_email",
    "users_by_username",
    "users_by_full_name",
    "users_by_creation",
    "users_by_change",
)
