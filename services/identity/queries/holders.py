"""The questions about who holds a role on an entity, and about the groups that holders form."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.identity.contract import (
    BindingId,
    BindingRow,
    GroupList,
    GroupRow,
    Groups,
    Holders,
    Role,
    UserBindingRow,
    UserList,
    UserRow,
    Users,
    entity_id,
    entity_kind,
    role_within,
    strongest,
)
from services.identity.domain.groups import group_of, groups_of, is_fixed, roles_in
from services.identity.handlers.entities import check_entity
from services.identity.handlers.kit import Kit
from services.identity.handlers.replies import with_roles
from services.identity.handlers.streams import DEPLOYMENT, WORKSPACE
from services.identity.projections.rows import UserRecord
from services.identity.queries.pages import page
from services.identity.queries.people import found_people, with_shown_roles
from services.identity.queries.seeing import asker_of, reached_from
from services.identity.sql import QUERIES
from shared import auth
from shared.auth import SYSTEM, Principal
from shared.bus.request import Request, Result
from shared.errors import Invalid, NotFound
from shared.messages import MOST_ROWS
from shared.store.model import PgPool

_SEE_ALL: Final = "system.users.get"
_SEE_GROUPS: Final = "system.iam.update"


@dataclass(frozen=True, slots=True)
class HolderQueries:
    """What answers the questions about holders and groups."""

    kit: Kit

    @property
    def pool(self) -> PgPool:
        """Return the connections to the rows."""
        return self.kit.running.pool_queries

    async def holders(self, request: Request[Holders]) -> Result[UserList]:
        """Return who holds a role on an entity or is in a group."""
        asked, asker = request.message, await asker_of(request.context, self.kit)
        group = _group(asked, asker)
        entity = group.entity if group else check_entity(asked.entity)
        places = await self._seen_places(asker, entity)
        if group and is_fixed(group):
            found = await found_people(self.pool, _search(asked, after_id=asked.after_id, limit=asked.limit))
        else:
            found = await self._found(asked, places, [role.value for role in roles_in(group)] if group else None)
        rows = await self._with_roles(asker, found, places, wanted=asked.with_roles)
        if asked.before_id:
            return Result(UserList(rows=tuple(rows[-asked.limit :]), more=len(rows) > asked.limit))
        kept, more = page(rows, limit=asked.limit)
        return Result(UserList(rows=kept, more=more))

    async def groups(self, request: Request[Groups]) -> Result[GroupList]:
        """Return groups by their ids or their entities."""
        asked, asker = request.message, await asker_of(request.context, self.kit)
        if asked.ids:
            rows = [self._named_group(asker, id_) for id_ in asked.ids]
            if len(await self._there(rows)) < len(rows):
                raise NotFound("there is no such group")
            return Result(GroupList(rows=tuple(rows)))
        seen = [entity for entity in asked.entities if _sees_groups(asker, entity)]
        living = await self._there([group for entity in seen for group in groups_of(entity)])
        forbidden = tuple(entity for entity in asked.entities if entity not in set(seen))
        return Result(GroupList(rows=tuple(living), forbidden=forbidden))

    async def _seen_places(self, asker: Principal, entity: str) -> list[str]:
        """Return the entities whose holders count on `entity`; raise unless the asker may see them and it is there."""
        kind, places = entity_kind(entity), list((await reached_from(self.pool, [entity]))[entity])
        if not asker.holds(_SEE_ALL):
            asker.require(f"{kind}.users.get", *places)
        lives = len(places) == 2 if kind == DEPLOYMENT.kind else bool(await self._living([entity]))
        if not lives:
            raise NotFound("there is nothing of this kind with this id")
        return places

    async def _living(self, entities: Sequence[str]) -> set[str]:
        """Return those of the system and of workspaces that are there."""
        ids = [entity_id(entity) for entity in entities if entity_kind(entity) == WORKSPACE.kind]
        found = await self.pool.fetch(QUERIES["workspaces_there"], ids) if ids else []
        return {SYSTEM, *(auth.workspace(row["id"]) for row in found)} & set(entities)

    async def _there(self, groups: Sequence[GroupRow]) -> Sequence[GroupRow]:
        living = await self._living([group.entity for group in groups])
        return [group for group in groups if group.entity in living]

    async def _found(self, asked: Holders, places: list[str], roles: list[str] | None) -> Sequence[Any]:
        """Return the rows of the holders, one more than asked for where there are others."""
        if asked.ids is None and not (asked.email or asked.username or asked.full_name):
            name, from_id = ("holders_before", asked.before_id) if asked.before_id else ("holders", asked.after_id)
            return await self.pool.fetch(QUERIES[name], places, from_id, asked.limit + 1, roles)
        kept: list[Any] = []
        after_id, more = asked.after_id, True
        while more and len(kept) <= asked.limit:
            found = await found_people(self.pool, _search(asked, after_id=after_id, limit=MOST_ROWS))
            people = {UserRecord.model_validate_json(each["row"]).id: each for each in found[:MOST_ROWS]}
            holding = {row.user_id for row in await self._roles_on(list(people), places, roles)}
            kept += [each for id_, each in people.items() if id_ in holding]
            after_id, more = max(people, default=after_id), len(found) > MOST_ROWS
        return kept[: asked.limit + 1]

    async def _roles_on(
        self, people: Sequence[str], places: list[str], roles: list[str] | None = None
    ) -> Sequence[UserBindingRow]:
        found = await self.pool.fetch(QUERIES["roles_on"], list(people), places, roles)
        return [UserBindingRow.model_validate_json(each["row"]) for each in found]

    async def _with_roles(
        self, asker: Principal, found: Sequence[Any], places: list[str], *, wanted: bool
    ) -> Sequence[UserRow]:
        if not wanted or entity_kind(places[0]) != DEPLOYMENT.kind:
            return await with_shown_roles(self.pool, asker, found, wanted=wanted)
        records = [UserRecord.model_validate_json(each["row"]) for each in found]
        held: dict[str, list[UserBindingRow]] = {record.id: [] for record in records}
        for row in await self._roles_on(list(held), places):
            held[row.user_id].append(row)
        return [
            with_roles(record, []).model_copy(update={"roles": on_deployment(places[0], held[record.id])})
            for record in records
        ]

    def _named_group(self, asker: Principal, id_: str) -> GroupRow:
        group = group_of(id_)
        if group is None or not _sees_groups(asker, group.entity):
            asker.require(_SEE_GROUPS)  # others learn nothing of which groups there are
        if group is None:
            raise NotFound("there is no such group")
        return group


def on_deployment(entity: str, held: Sequence[BindingRow]) -> tuple[BindingRow, ...]:
    """Return what bindings on a deployment and on its workspace amount to on the deployment, and the one on the latter.

    Source: houston.md, section 4.1: of the stored and of the synthetic binding the stronger one counts.
    """
    direct = next((row for row in held if row.entity == entity), None)
    place = next((row for row in held if row.entity != entity), None)
    within = role_within(place.role, DEPLOYMENT.kind) if place else None
    if place is None or within is None:
        return tuple(held)
    if direct is None:
        made = BindingId(f"{place.id}-{entity_id(entity)}")
        direct = place.model_copy(update={"id": made, "entity": entity, "role": within})
    role: Role = strongest([direct.role, within])
    return direct.model_copy(update={"role": role}), place


def _group(asked: Holders, asker: Principal) -> GroupRow | None:
    if not asked.group_id:
        return None
    if asked.before_id:
        raise Invalid("a group is paged forwards")
    group = group_of(asked.group_id)
    if group is None:
        asker.require(_SEE_GROUPS)
        raise NotFound("there is no such group")
    return group


def _sees_groups(asker: Principal, entity: str) -> bool:
    if entity == SYSTEM:
        return asker.holds(_SEE_GROUPS)
    return asker.holds("workspace.users.get", entity) or asker.holds(_SEE_ALL)


def _search(asked: Holders, *, after_id: str, limit: int) -> Users:
    return Users(
        ids=asked.ids,
        email=asked.email,
        username=asked.username,
        full_name=asked.full_name,
        after_id=after_id,
        limit=limit,
    )
