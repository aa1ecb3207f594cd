"""The commands about teams, their members and their roles."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import reduce

from services.identity.contract import (
    AddTeamMembers,
    BindingId,
    BindMode,
    CreateTeam,
    DeleteTeam,
    Interface,
    RemoveTeamMember,
    RemoveTeamRole,
    Role,
    Rule,
    SetTeamRole,
    SetTeamRoles,
    TeamId,
    TeamRole,
    TeamRow,
    UpdateTeam,
    UserId,
    entity_id,
)
from services.identity.domain import team, texts
from services.identity.domain.replacing import changes
from services.identity.domain.user import Absent, Removed
from services.identity.handlers.authority import require, require_to_give
from services.identity.handlers.entities import check_entity, deployments_in, reached_from, require_role_change
from services.identity.handlers.kit import Kit
from services.identity.handlers.replies import last_team_binding, primary, team_row, workspace_row
from services.identity.handlers.streams import TEAM, USER, WORKSPACE
from shared import auth
from shared.auth import Principal
from shared.bus.request import Request, Result
from shared.commands import Attempt, Unit
from shared.decider import Loaded
from shared.errors import Forbidden, Invalid, NotFound

TeamWish = CreateTeam | UpdateTeam | DeleteTeam | AddTeamMembers | RemoveTeamMember | SetTeamRoles
RoleWish = SetTeamRole | RemoveTeamRole


@dataclass(frozen=True, slots=True)
class Teams:
    """What answers the commands about teams."""

    kit: Kit

    async def create(self, request: Request[CreateTeam]) -> Result[TeamRow]:
        """Make a team."""
        command = request.message
        wish = team.Create(
            team_id=command.team_id,
            name=texts.label(command.name, called="name"),
            description=texts.description(command.description),
            members=command.member_ids,
            now=command.now,
        )

        async def attempt(unit: Unit) -> str:
            await require(unit, self.kit, "system.teams.create")
            await _check_known(unit, command.member_ids)
            if command.role is None:
                return await _write(unit, command.team_id, wish)
            await self._change(unit, auth.SYSTEM, command.role)
            role = team.SetRole(
                binding_id=command.binding_id,
                entity=auth.SYSTEM,
                role=command.role,
                mode=BindMode.ADD,
                interface=Interface.REST,
                now=command.now,
            )
            return await _write(unit, command.team_id, wish, role)

        return await self._run(request, attempt)

    async def update(self, request: Request[UpdateTeam]) -> Result[TeamRow]:
        """Change the name or the description."""
        command = request.message
        wish = team.Update(
            name=None if command.name is None else texts.label(command.name, called="name"),
            description=None if command.description is None else texts.description(command.description),
            now=command.now,
        )

        async def attempt(unit: Unit) -> str:
            await require(unit, self.kit, "system.teams.update")
            return await _write(unit, command.team_id, wish)

        return await self._run(request, attempt)

    async def delete(self, request: Request[DeleteTeam]) -> Result[TeamRow]:
        """Delete a team."""
        command = request.message

        async def attempt(unit: Unit) -> str:
            await require(unit, self.kit, "system.teams.delete")
            return await _write(unit, command.team_id, team.Delete(now=command.now))

        return await self._run(request, attempt)

    async def add_members(self, request: Request[AddTeamMembers]) -> Result[TeamRow]:
        """Put persons into a team, if the asker holds all that it gives them."""
        command = request.message

        async def attempt(unit: Unit) -> str:
            await require_to_add(unit, self.kit, command.team_id)
            await _check_known(unit, command.user_ids)
            return await _write(unit, command.team_id, team.AddMembers(user_ids=command.user_ids, now=command.now))

        return await self._run(request, attempt)

    async def remove_member(self, request: Request[RemoveTeamMember]) -> Result[TeamRow]:
        """Take a person out of a team."""
        command = request.message

        async def attempt(unit: Unit) -> str:
            await require(unit, self.kit, "system.teams.update")
            return await _write(unit, command.team_id, team.RemoveMember(user_id=command.user_id, now=command.now))

        return await self._run(request, attempt)

    async def set_role(self, request: Request[SetTeamRole]) -> Result[TeamRole]:
        """Give a team a role on an entity."""
        command = request.message
        entity = check_entity(command.entity)

        async def attempt(unit: Unit) -> str:
            await self._change(unit, entity, command.role)
            for each in command.deployment_roles:
                place = auth.deployment(each.deployment_id)
                await self._change(unit, place, each.role)
                if entity not in await reached_from(unit, place):
                    raise NotFound("there is no such deployment in the workspace")
            return await _write(unit, command.team_id, *_settings(command))

        return await self._run_role(request, attempt)

    async def set_roles(self, request: Request[SetTeamRoles]) -> Result[TeamRow]:
        """Give a team the roles of a list, and take all others away."""
        command = request.message
        wanted = {check_entity(given.entity): given.role for given in command.roles}
        if len(wanted) < len(command.roles):
            raise Invalid("expected one role an entity", rule=Rule.DUPLICATE_BINDING)
        ids = dict(zip(wanted, command.binding_ids, strict=True))

        async def attempt(unit: Unit) -> str:
            state = (await unit.load(TEAM, command.team_id)).state
            held = state.bindings.values() if isinstance(state, team.Live) else ()
            changed = changes(held, wanted, interface=command.interface)
            for entity, role in changed.items():
                await self._change(unit, entity, role)
            if not changed:
                await self._require_any(unit, wanted)
            team.live(state)
            return await _write(unit, command.team_id, *_replacements(command, changed, ids))

        return await self._run(request, attempt)

    async def remove_role(self, request: Request[RemoveTeamRole]) -> Result[TeamRole]:
        """Take a team's role on an entity away."""
        command = request.message
        entity = check_entity(command.entity)
        wish = team.RemoveRole(entity=entity, role=command.role, interface=command.interface, now=command.now)

        async def attempt(unit: Unit) -> str:
            await self._change(unit, entity)
            state = (await unit.load(TEAM, command.team_id)).state
            held = [bound.entity for bound in state.bindings.values()] if isinstance(state, team.Live) else []
            inside = await deployments_in(unit, entity, of=held)
            return await _write(unit, command.team_id, wish, *(team.Clear(each, command.now) for each in inside))

        return await self._run_role(request, attempt)

    async def _require_any(self, unit: Unit, entities: Iterable[str]) -> None:
        """Return if the asker may change roles on one of the entities, or on the system."""
        for entity in entities:
            with suppress(Forbidden, NotFound):
                await self._change(unit, entity)
                return
        await self._change(unit, auth.SYSTEM)

    async def _change(self, unit: Unit, entity: str, role: Role | None = None) -> None:
        await require_role_change(unit, self.kit, entity, role, on_deployment="deployment.teamRoles.update")

    async def _run(self, request: Request[TeamWish], attempt: Attempt) -> Result[TeamRow]:
        committed = await self.kit.running.commands.run(request, attempt)
        return Result(team_row(primary(committed)), committed.stream, committed.position)

    async def _run_role(self, request: Request[RoleWish], attempt: Attempt) -> Result[TeamRole]:
        committed = await self.kit.running.commands.run(request, attempt)
        entity = request.message.entity
        place = committed.histories.get(WORKSPACE.stream(entity_id(entity)))
        answer = TeamRole(
            binding=last_team_binding(primary(committed), entity), workspace=workspace_row(place) if place else None
        )
        return Result(answer, committed.stream, committed.position)


async def _write(unit: Unit, team_id: TeamId, *wishes: team.TeamCommand) -> str:
    """Decide wishes on a team, one after the other, and return its stream."""
    loaded = await unit.load(TEAM, team_id)
    state = loaded.state
    for wish in wishes:
        events = TEAM.decide(wish, state)
        state = reduce(TEAM.evolve, events, state)
        unit.append(loaded, events)
    return loaded.stream


def _settings(command: SetTeamRole) -> Iterator[team.SetRole]:
    """Yield the roles that a command sets: its own, and those on deployments."""
    wanted = [
        (command.entity, command.role, command.binding_id),
        *(
            (auth.deployment(each.deployment_id), each.role, binding_id)
            for each, binding_id in zip(command.deployment_roles, command.deployment_binding_ids, strict=True)
        ),
    ]
    for entity, role, binding_id in wanted:
        yield team.SetRole(
            binding_id=binding_id,
            entity=entity,
            role=role,
            mode=command.mode,
            interface=command.interface,
            now=command.now,
        )


def _replacements(
    command: SetTeamRoles, changed: Mapping[str, Role | None], ids: Mapping[str, BindingId]
) -> Iterator[team.SetRole | team.RemoveRole]:
    """Yield what gives a team its new roles and takes the others away."""
    for entity, role in changed.items():
        if role is None:
            yield team.RemoveRole(entity=entity, role=None, interface=command.interface, now=command.now)
        else:
            yield team.SetRole(
                binding_id=ids[entity],
                entity=entity,
                role=role,
                mode=BindMode.SET,
                interface=command.interface,
                now=command.now,
            )


async def require_to_add(unit: Unit, kit: Kit, team_id: TeamId, *, asked_by: Principal | None = None) -> None:
    """Return if the asker, or whom a service speaks for, may put people into a team and holds all that it gives them.

    Raises Unauthenticated, Forbidden, or NotFound where there is no such team.
    """
    loaded = await unit.load(TEAM, team_id)
    given = await _given_by(unit, loaded)
    await require_to_give(unit, kit, "system.teams.update", given=given, asked_by=asked_by)
    team.live(loaded.state)


async def _given_by(unit: Unit, loaded: Loaded[team.Team]) -> list[tuple[Role, tuple[str, ...]]]:
    """Return the roles of a team, each with the entities on which who gives it may hold it."""
    bindings = loaded.state.bindings.values() if isinstance(loaded.state, team.Live) else ()
    return [(bound.role, await reached_from(unit, bound.entity)) for bound in bindings]


async def _check_known(unit: Unit, user_ids: Sequence[UserId]) -> None:
    """Raise NotFound where one of them is nobody; the entry expects them all to stay as they are."""
    for user_id in user_ids:
        if isinstance((await unit.load(USER, user_id)).state, Absent | Removed):
            raise NotFound("there is no such person")
