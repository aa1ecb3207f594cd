"""The questions about people: who they are, and their places in workspaces."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

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
)
from services.identity.domain import texts
from services.identity.handlers.replies import with_roles
from services.identity.projections.rows import UserRecord
from services.identity.queries.pages import page
from services.identity.queries.seeing import asker_of, entities_with, is_self
from services.identity.sql import QUERIES
from shared import auth
from shared.auth import Principal
from shared.bus.request import Request, Result
from shared.errors import Forbidden, Invalid
from shared.messages import MOST_ROWS
from shared.service import Running
from shared.store.model import PgPool

_SEE_ALL: Final = "system.users.get"
_SEE_MEMBERS: Final = "workspace.users.get"
_SEE_INVITED: Final = "workspace.invites.get"


@dataclass(frozen=True, slots=True)
class People:
    """What answers the questions about people."""

    running: Running

    @property
    def pool(self) -> PgPool:
        """Return the connections to the rows."""
        return self.running.pool_queries

    async def users(self, request: Request[Users]) -> Result[UserList]:
        """Search: everybody for who may see all, else oneself alone."""
        asked, asker = request.message, await asker_of(request.context, self.pool)
        rows = await self._search(asker, asked)
        if not asker.holds(_SEE_ALL):
            _only_oneself(asked, asker, rows)
        kept, more = page(rows, limit=asked.limit)
        return Result(UserList(rows=kept, more=more))

    async def load_users(self, request: Request[LoadUsers]) -> Result[UserList]:
        """Return those of the ids that the asker may see."""
        asked, asker = request.message, await asker_of(request.context, self.pool)
        found = await self._seen(asker, asked.ids, asked.after_id)
        if len(found) < len(set(asked.ids)) and not asked.after_id:
            # Who knows an id has it from an event, perhaps of another service's rows that were faster than ours.
            await self._catch_up()
            found = await self._seen(asker, asked.ids, asked.after_id)
        kept, more = page(found, limit=MOST_ROWS)
        return Result(UserList(rows=kept, more=more))

    async def bindings(self, request: Request[Bindings]) -> Result[BindingList]:
        """Return the bindings that the asker may see of those whom the asker may see."""
        asked, asker = request.message, await asker_of(request.context, self.pool)
        seen = [row.id for row in await self._seen(asker, asked.user_ids, "")]
        found = await self.pool.fetch(
            QUERIES["bindings_of_people"], seen, asked.after_id, asked.limit + 1, *_shown_to(asker)
        )
        rows = [UserBindingRow.model_validate_json(each["row"]) for each in found]
        kept, more = page(rows, limit=asked.limit)
        return Result(BindingList(rows=kept, more=more))

    async def members(self, request: Request[WorkspaceMembers]) -> Result[MemberList]:
        """Return the members of those workspaces whose members the asker may see."""
        asked, asker = request.message, await asker_of(request.context, self.pool)
        everywhere = asker.holds(_SEE_ALL) or asker.holds(_SEE_MEMBERS)
        places = set(entities_with(asker, _SEE_MEMBERS))
        seen = [id_ for id_ in asked.workspace_ids if everywhere or auth.workspace(id_) in places]
        kept, more = page(await self._members(asker, asked, seen), limit=asked.limit)
        forbidden = tuple(id_ for id_ in asked.workspace_ids if id_ not in set(seen))
        return Result(MemberList(rows=kept, more=more, forbidden=forbidden))

    async def _search(self, asker: Principal, asked: Users) -> Sequence[UserRow]:
        email, username = _address(asked.email), texts.sign_in_name(asked.username)
        values = (asked.ids, email, username, asked.full_name, asked.created_at, asked.updated_at)
        chosen = (name for name, value in zip(_BY, values, strict=True) if value not in {None, ""})
        name = next(chosen, "")
        if not name:
            found = await self.pool.fetch(QUERIES["users_all"], asked.after_id, asked.limit + 1)
        else:
            ids = None if asked.ids is None else list(asked.ids)
            found = await self.pool.fetch(QUERIES[name], asked.after_id, asked.limit + 1, ids, *values[1:])
        return await self._with_roles(asker, found)

    async def _seen(self, asker: Principal, ids: Sequence[UserId], after_id: str) -> Sequence[UserRow]:
        found = await self.pool.fetch(
            QUERIES["users_seen"],
            list(ids),
            after_id,
            *_shown_to(asker),
            entities_with(asker, _SEE_INVITED),
        )
        return await self._with_roles(asker, found)

    async def _catch_up(self) -> None:
        head = await self.running.store.head()
        await self.running.followers.wait_for(position=head.position)

    async def _members(
        self, asker: Principal, asked: WorkspaceMembers, seen: Sequence[WorkspaceId]
    ) -> Sequence[MemberRow]:
        common = ([auth.workspace(id_) for id_ in seen], asked.after_id, asked.limit + 1)
        user_id = asked.user_id
        if asked.email:
            holder = await self.pool.fetchrow(QUERIES["person_with_address"], _address(asked.email))
            if holder is None or user_id not in {"", holder["id"]}:
                return []
            user_id = str(holder["id"])
        if user_id:
            found = await self.pool.fetch(QUERIES["members_who_are"], *common, user_id)
        else:
            found = await self.pool.fetch(QUERIES["members"], *common)
        people = await self._with_roles(asker, found, column="person")
        return [_member(each["binding"], person) for each, person in zip(found, people, strict=True)]

    async def _with_roles(self, asker: Principal, found: Sequence[Any], *, column: str = "row") -> Sequence[UserRow]:
        records = [UserRecord.model_validate_json(each[column]) for each in found]
        roles: dict[str, list[UserBindingRow]] = {record.id: [] for record in records}
        for each in await self.pool.fetch(QUERIES["roles_of_people"], list(roles), MOST_ROLES + 1, *_shown_to(asker)):
            roles[each["user_id"]].append(UserBindingRow.model_validate_json(each["row"]))
        return [with_roles(record, roles[record.id]) for record in records]


def _shown_to(asker: Principal) -> tuple[bool, str, list[str]]:
    """Return whether all is seen, the person who sees all about themself, and the entities whose members are seen."""
    own = asker.subject if is_self(asker, asker.subject) else ""
    return asker.holds(_SEE_ALL), own, entities_with(asker, _SEE_MEMBERS)


def _only_oneself(asked: Users, asker: Principal, rows: Sequence[UserRow]) -> None:
    """Raise Forbidden unless the asker looked for themself; what else exists does not show."""
    by_name = bool(asked.email or asked.username)
    meant = asked.ids == (asker.subject,) or (asked.ids is None and by_name)
    if not meant or not rows or not all(is_self(asker, row.id) for row in rows):
        raise Forbidden(f"permission {_SEE_ALL} is required")


def _address(text: str) -> str:
    if not text:
        return ""
    try:
        return texts.email_address(text)
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
