"""The commands about the roles of people on the system, a workspace or a deployment."""

from dataclasses import dataclass

from services.identity.contract import (
    AddGroupUser,
    BindMode,
    BindUser,
    Bound,
    GroupRow,
    RemoveGroupUser,
    Rule,
    UnbindUser,
)
from services.identity.domain.groups import group_of, is_fixed
from services.identity.domain.user import ChangeRole, Grant, Joined, Revoke, User, binding_on
from services.identity.handlers.entities import check_entity, require_role_change
from services.identity.handlers.kit import Kit
from services.identity.handlers.people import announces, load_known, write
from services.identity.handlers.replies import last_binding, primary, user_row
from shared.auth import SYSTEM
from shared.bus.request import Request, Result
from shared.commands import Committed, Unit
from shared.decider import Loaded
from shared.errors import NotFound, Rejected


@dataclass(frozen=True, slots=True)
class Bindings:
    """What answers the commands about people's roles."""

    kit: Kit

    async def bind(self, request: Request[BindUser]) -> Result[Bound]:
        """Give a person a role on an entity."""
        command = request.message
        entity = check_entity(command.entity)

        async def attempt(unit: Unit) -> str:
            await require_role_change(unit, self.kit, entity, command.role)
            loaded = await load_known(unit, user_id=command.user_id, email=command.email)
            announce = await announces(unit, self.kit, loaded.state, entity, now=command.now)
            await write(unit, self.kit, loaded, _wish(command, announce=announce), now=command.now)
            return loaded.stream

        return _answer(await self.kit.running.commands.run(request, attempt), entity)

    async def unbind(self, request: Request[UnbindUser]) -> Result[Bound]:
        """Take away a person's role on an entity."""
        command = request.message
        entity = check_entity(command.entity)

        async def attempt(unit: Unit) -> str:
            await require_role_change(unit, self.kit, entity)
            loaded = await load_known(unit, user_id=command.user_id, email=command.email)
            if not _holds(loaded.state, entity):
                raise NotFound("the person has no role there")
            await write(unit, self.kit, loaded, Revoke(entity=entity, now=command.now), now=command.now)
            return loaded.stream

        return _answer(await self.kit.running.commands.run(request, attempt), entity)

    async def add_to_group(self, request: Request[AddGroupUser]) -> Result[GroupRow]:
        """Give a person the role of a group."""
        command = request.message

        async def attempt(unit: Unit) -> str:
            group, loaded = await self._membership(unit, command)
            wish = Grant(
                binding_id=command.binding_id,
                role=group.role,
                entity=group.entity,
                now=command.now,
                mode=BindMode.RAISE,
                announce=await announces(unit, self.kit, loaded.state, group.entity, now=command.now),
            )
            await write(unit, self.kit, loaded, wish, now=command.now)
            return loaded.stream

        committed = await self.kit.running.commands.run(request, attempt)
        return Result(_known_group(command.group_id), committed.stream, committed.position)

    async def remove_from_group(self, request: Request[RemoveGroupUser]) -> Result[GroupRow]:
        """Take a group's role away from a person who holds it."""
        command = request.message

        async def attempt(unit: Unit) -> str:
            group, loaded = await self._membership(unit, command)
            wish = Revoke(entity=group.entity, now=command.now, role=group.role)
            await write(unit, self.kit, loaded, wish, now=command.now)
            return loaded.stream

        committed = await self.kit.running.commands.run(request, attempt)
        return Result(_known_group(command.group_id), committed.stream, committed.position)

    async def _membership(self, unit: Unit, command: AddGroupUser | RemoveGroupUser) -> tuple[GroupRow, Loaded[User]]:
        """Return the group and the person of a command, once it is authorised."""
        group = group_of(command.group_id)
        if group is None or is_fixed(group):
            await require_role_change(unit, self.kit, SYSTEM)  # others learn nothing of which groups there are
            if group is not None:
                raise Rejected("everybody is in this group for good", rule=Rule.FIXED_GROUP)
            raise NotFound("there is no such group")
        await require_role_change(
            unit, self.kit, group.entity, group.role if isinstance(command, AddGroupUser) else None
        )
        return group, await load_known(unit, user_id=command.user_id)


def _wish(command: BindUser, *, announce: bool) -> Grant | ChangeRole:
    if command.mode is BindMode.CHANGE:
        return ChangeRole(entity=command.entity, role=command.role, now=command.now, interface=command.interface)
    return Grant(
        binding_id=command.binding_id,
        role=command.role,
        entity=command.entity,
        now=command.now,
        mode=command.mode,
        interface=command.interface,
        announce=announce,
    )


def _holds(user: User, entity: str) -> bool:
    return isinstance(user, Joined) and binding_on(user, entity) is not None


def _answer(committed: Committed, entity: str) -> Result[Bound]:
    history = primary(committed)
    binding = last_binding(history, entity)
    user = user_row(history).model_copy(update={"roles": (binding,) if binding else (), "more_roles": False})
    return Result(Bound(user=user, binding=binding), committed.stream, committed.position)


def _known_group(id_: str) -> GroupRow:
    group = group_of(id_)
    if group is None:
        raise NotFound("there is no such group")
    return group
