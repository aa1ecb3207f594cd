"""The questions about teams: their roles, and who is in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.identity.contract import (
    MOST_ROLES,
    LoadTeams,
    MembershipList,
    MembershipRow,
    Memberships,
    TeamBindingList,
    TeamBindingRow,
    TeamBindings,
    TeamList,
    TeamMemberList,
    TeamMemberRow,
    TeamMembers,
    TeamRow,
    Teams,
    UserRow,
    entity_id,
    entity_kind,
)
from services.identity.handlers.kit import Kit
from services.identity.handlers.replies import team_with_roles
from services.identity.handlers.streams import DEPLOYMENT, WORKSPACE
from services.identity.projections.teams import TeamRecord
from services.identity.queries.pages import page
from services.identity.queries.people import with_shown_roles
from services.identity.queries.seeing import asker_of, entities_with, is_self
from services.identity.sql import QUERIES
from shared import auth
from shared.auth import Principal
from shared.bus.request import Request, Result
from shared.errors import Forbidden, NotFound
from shared.messages import MOST_ROWS
from shared.store.model import PgPool

SEE_ALL: Final = "system.teams.get"
_IN_WORKSPACE: Final = "workspace.teams.get"
_ON_DEPLOYMENT: Final = "deployment.teams.get"


@dataclass(frozen=True, slots=True)
class TeamQueries:
    """What answers the questions about teams."""

    kit: Kit

    @property
    def pool(self) -> PgPool:
        """Return the connections to the rows."""
        return self.kit.running.pool_queries

    async def teams(self, request: Request[Teams]) -> Result[TeamList]:
        """List all teams, or those of an entity."""
        asked, asker = request.message, await asker_of(request.context, self.kit)
        if not await self._seen_on(asker, [asked.entity]):
            raise Forbidden(f"permission {SEE_ALL} is required")
        of = [asked.entity] if asked.entity else []
        counting, paging = ("teams_on_entity", "teams_on_entity") if of else ("total", "teams")
        name = f"{paging}_before" if asked.before_id else f"{paging}_after"
        found = await self.pool.fetch(QUERIES[name], asked.before_id or asked.after_id, asked.limit + 1, *of)
        kept, more = page(await teams_with_roles(self.pool, asker, found), limit=asked.limit)
        count: int = await self.pool.fetchval(QUERIES[counting], *(of or ["teams"]))
        return Result(TeamList(rows=kept[::-1] if asked.before_id else kept, more=more, count=count))

    async def load_teams(self, request: Request[LoadTeams]) -> Result[TeamList]:
        """Return those of the ids that the asker may see."""
        asked, asker = request.message, await asker_of(request.context, self.kit)
        found = await self.pool.fetch(
            QUERIES["teams_seen"], list(asked.ids), asked.after_id, MOST_ROWS, *_shown_to(asker)
        )
        if asked.strict and len(found) < len(set(asked.ids)):
            asker.require(SEE_ALL)  # others learn nothing of what exists
            raise NotFound("there is no such team")
        kept, more = page(await teams_with_roles(self.pool, asker, found), limit=MOST_ROWS)
        return Result(TeamList(rows=kept, more=more, count=len(found)))

    async def bindings(self, request: Request[TeamBindings]) -> Result[TeamBindingList]:
        """Return the roles of teams, or on entities, that the asker may see."""
        asked, asker = request.message, await asker_of(request.context, self.kit)
        seen: Sequence[str] = []
        if asked.team_ids is not None:
            of = (list(asked.team_ids), asked.after_id, asked.limit + 1, *_shown_to(asker))
            found = await self.pool.fetch(QUERIES["bindings_of_teams"], *of)
        else:
            seen = await self._seen_on(asker, asked.entities)
            found = await self.pool.fetch(QUERIES["team_bindings_on_entities"], seen, asked.after_id, asked.limit + 1)
        kept, more = page([TeamBindingRow.model_validate_json(each["row"]) for each in found], limit=asked.limit)
        forbidden = tuple(entity for entity in asked.entities if entity not in set(seen))
        return Result(TeamBindingList(rows=kept, more=more, forbidden=forbidden))

    async def members(self, request: Request[TeamMembers]) -> Result[TeamMemberList]:
        """Return the members of teams."""
        asked, asker = request.message, await asker_of(request.context, self.kit)
        asker.require(SEE_ALL)
        found = await self.pool.fetch(
            QUERIES["members_of_teams"], list(asked.team_ids), asked.after_id, asked.limit + 1
        )
        people = await with_shown_roles(self.pool, asker, found, column="person", wanted=asked.with_roles)
        kept, more = page(members_of(found, people), limit=asked.limit)
        return Result(TeamMemberList(rows=kept, more=more))

    async def memberships(self, request: Request[Memberships]) -> Result[MembershipList]:
        """Return the teams that persons are in, as far as the asker may know."""
        asked, asker = request.message, await asker_of(request.context, self.kit)
        everybody = asker.holds(SEE_ALL)
        seen = [id_ for id_ in asked.user_ids if everybody or is_self(asker, id_)]
        found = await self.pool.fetch(QUERIES["memberships_of_people"], seen, asked.after_id, asked.limit + 1)
        kept, more = page([MembershipRow.model_validate_json(each["row"]) for each in found], limit=asked.limit)
        forbidden = tuple(id_ for id_ in asked.user_ids if id_ not in set(seen))
        return Result(MembershipList(rows=kept, more=more, forbidden=forbidden))

    async def _seen_on(self, asker: Principal, entities: Sequence[str]) -> list[str]:
        """Return those of `entities` whose teams the asker may see; "" stands for all teams."""
        if asker.holds(SEE_ALL):
            return list(entities)
        homes = await self._homes(entities)
        return [entity for entity in entities if entity and _sees(asker, entity, homes)]

    async def _homes(self, entities: Sequence[str]) -> Mapping[str, str]:
        """Return the workspaces of those of `entities` that are deployments, as entities."""
        ids = [entity_id(entity) for entity in entities if entity_kind(entity) == DEPLOYMENT.kind]
        found = await self.pool.fetch(QUERIES["workspaces_of_deployments"], ids) if ids else []
        return {auth.deployment(row["id"]): auth.workspace(row["workspace_id"]) for row in found}


async def teams_with_roles(pool: PgPool, asker: Principal, found: Sequence[Any]) -> Sequence[TeamRow]:
    """Return teams with those of their roles that the asker may see."""
    records = [TeamRecord.model_validate_json(each["row"]) for each in found]
    roles: dict[str, list[TeamBindingRow]] = {record.id: [] for record in records}
    of = (list(roles), "", MOST_ROLES + 1, *_shown_to(asker))
    for each in await pool.fetch(QUERIES["roles_of_teams"], *of):
        roles[each["team_id"]].append(TeamBindingRow.model_validate_json(each["row"]))
    return [team_with_roles(record, roles[record.id]) for record in records]


def members_of(found: Sequence[Any], people: Sequence[UserRow]) -> Sequence[TeamMemberRow]:
    """Return the members of teams: each place in a team with its person."""
    places = [MembershipRow.model_validate_json(each["membership"]) for each in found]
    return [TeamMemberRow(**place.model_dump(), user=person) for place, person in zip(places, people, strict=True)]


def _shown_to(asker: Principal) -> tuple[bool, str, list[str], list[str]]:
    """Return what an asker sees of teams.

    Whether all of them, the person who sees their own, the entities whose teams are seen, and the workspaces on whose
    deployments they are.
    """
    own = asker.subject if is_self(asker, asker.subject) else ""
    workspaces = [each for each in entities_with(asker, _IN_WORKSPACE) if entity_kind(each) == WORKSPACE.kind]
    places = entities_with(asker, _ON_DEPLOYMENT)
    deployments = [each for each in places if entity_kind(each) == DEPLOYMENT.kind]
    homes = [each for each in places if entity_kind(each) == WORKSPACE.kind]
    return asker.holds(SEE_ALL), own, [*workspaces, *deployments], homes


def _sees(asker: Principal, entity: str, homes: Mapping[str, str]) -> bool:
    match entity_kind(entity):
        case WORKSPACE.kind:
            return asker.holds(_IN_WORKSPACE, entity)
        case DEPLOYMENT.kind:
            return entity in homes and asker.holds(_ON_DEPLOYMENT, entity, homes[entity])
        case _:
            return False
