"""The commands about a person's place in a workspace."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from services.identity.contract import (
    AddWorkspaceUser,
    BindMode,
    InvitedRole,
    RemoveWorkspaceUser,
    Role,
    Rule,
    UpdateWorkspaceUserRole,
    WorkspaceUser,
    addresses,
    strongest,
)
from services.identity.domain.groups import group_of
from services.identity.domain.user import (
    Absent,
    ChangeInvitation,
    ChangeRole,
    Grant,
    Invite,
    Joined,
    Leave,
    Profile,
    Register,
    User,
    UserCommand,
    binding_on,
    bindings_of,
    invitation_to,
)
from services.identity.handlers.authority import require
from services.identity.handlers.entities import deployments_in, reached_from, require_role_change
from services.identity.handlers.forgetting import Forgetting
from services.identity.handlers.kit import Kit
from services.identity.handlers.people import announces, load_holder, load_known, write
from services.identity.handlers.replies import primary, user_row, workspace_row
from services.identity.handlers.streams import WORKSPACE, user_of
from shared import auth
from shared.bus.request import Request, Result
from shared.commands import Attempt, Unit
from shared.decider import Loaded
from shared.errors import NotFound, Rejected


@dataclass(frozen=True, slots=True)
class Members:
    """What answers the commands about members of a workspace."""

    kit: Kit

    async def add(self, request: Request[AddWorkspaceUser]) -> Result[WorkspaceUser]:
        """Bind a role to a known person, or invite an unknown one with it."""
        command = request.message
        email, role = addresses.email_address(command.email), _role(command)

        async def attempt(unit: Unit) -> str:
            await self._authorise_addition(unit, command, role)
            loaded = await load_holder(unit, email, otherwise=command.user_id)
            wishes = await self._addition(unit, loaded, command, email, role)
            await write(unit, self.kit, loaded, *wishes, now=command.now)
            return loaded.stream

        return await self._run(request, attempt)

    async def update(self, request: Request[UpdateWorkspaceUserRole]) -> Result[WorkspaceUser]:
        """Change the role of a binding, or of an open invitation where there is no binding."""
        command = request.message
        entity = auth.workspace(command.workspace_id)

        async def attempt(unit: Unit) -> str:
            await require_role_change(unit, self.kit, entity, command.role)
            loaded = await load_known(unit, email=command.email)
            await write(unit, self.kit, loaded, await self._change(unit, loaded.state, command), now=command.now)
            return loaded.stream

        return await self._run(request, attempt)

    async def remove(self, request: Request[RemoveWorkspaceUser]) -> Result[WorkspaceUser]:
        """Take away what a person holds in the workspace and on its deployments, and their invitation to it."""
        command = request.message
        entity = auth.workspace(command.workspace_id)

        async def attempt(unit: Unit) -> str:
            await require_role_change(unit, self.kit, entity)
            loaded = await load_known(unit, user_id=command.user_id, email=command.email)
            held = {binding.entity for binding in bindings_of(loaded.state).values()}
            places = frozenset({entity, *await deployments_in(unit, entity, of=held)})
            if not held & places and invitation_to(loaded.state, entity) is None:
                raise NotFound("the person has no place there")
            await write(unit, self.kit, loaded, Leave(entities=places, now=command.now), now=command.now)
            return loaded.stream

        return await self._run(request, attempt)

    async def _authorise_addition(self, unit: Unit, command: AddWorkspaceUser, role: Role) -> None:
        await require_role_change(unit, self.kit, auth.workspace(command.workspace_id), role)
        if command.bypass_invite:
            await require(unit, self.kit, "system.user.invite")
        for each in command.deployment_roles:
            entity = auth.deployment(each.deployment_id)
            await require_role_change(unit, self.kit, entity, each.role)
            if auth.workspace(command.workspace_id) not in await reached_from(unit, entity):
                raise NotFound("there is no such deployment in the workspace")

    async def _addition(
        self, unit: Unit, loaded: Loaded[User], command: AddWorkspaceUser, email: str, role: Role
    ) -> Sequence[UserCommand]:
        """Return what is wished of whoever has the address."""
        known = isinstance(loaded.state, Joined)
        if not known and not (command.bypass_invite and isinstance(loaded.state, Absent)):
            return [self._invitation(unit, loaded, command, email, role)]
        if not known:
            return [_enrolment(loaded, command, email), *_grants(command, role, announce=False)]
        here = auth.workspace(command.workspace_id)
        return _grants(command, role, announce=await announces(unit, self.kit, loaded.state, here, now=command.now))

    def _invitation(
        self, unit: Unit, loaded: Loaded[User], command: AddWorkspaceUser, email: str, role: Role
    ) -> Invite:
        return Invite(
            user_id=user_of(loaded.stream),
            invitation_id=command.invitation_id,
            email=email,
            scope=auth.workspace(command.workspace_id),
            roles=(role,),
            expires_at=command.now + timedelta(days=self.kit.settings.invite_days),
            inviter=unit.principal.subject,
            inviter_kind=unit.principal.kind.value,
            alone=False,
            now=command.now,
            deployment_roles=tuple(
                InvitedRole(deployment_id=each.deployment_id, role=each.role, binding_id=binding_id)
                for binding_id, each in zip(command.deployment_binding_ids, command.deployment_roles, strict=True)
            ),
        )

    async def _change(self, unit: Unit, user: User, command: UpdateWorkspaceUserRole) -> UserCommand:
        """Return what is wished of who has the address: another role, or one where they may lack it."""
        entity, role, now = auth.workspace(command.workspace_id), command.role, command.now
        if isinstance(user, Joined) and binding_on(user, entity) is not None:
            return ChangeRole(entity=entity, role=role, now=now, interface=command.interface)
        invited = invitation_to(user, entity)
        if command.create_missing and not (invited and invited[1].usable(now)):
            announce = await announces(unit, self.kit, user, entity, now=now)
            return Grant(binding_id=command.binding_id, role=role, entity=entity, now=now, announce=announce)
        return ChangeInvitation(scope=entity, roles=(role,), now=now, interface=command.interface)

    async def _run(
        self,
        request: Request[AddWorkspaceUser] | Request[UpdateWorkspaceUserRole] | Request[RemoveWorkspaceUser],
        attempt: Attempt,
    ) -> Result[WorkspaceUser]:
        committed = await self.kit.running.commands.run(request, attempt)
        place = committed.histories[WORKSPACE.stream(request.message.workspace_id)]
        answer = WorkspaceUser(workspace=workspace_row(place), user=user_row(primary(committed)))
        await Forgetting(self.kit).forget_removed(committed)
        return Result(answer, committed.stream, committed.position)


def _role(command: AddWorkspaceUser) -> Role:
    """Return the role that is wished: that of the strongest named group, all of this workspace, or `role`."""
    if not command.groups:
        return command.role
    groups = [group_of(id_) for id_ in command.groups]
    here = auth.workspace(command.workspace_id)
    roles = [group.role for group in groups if group is not None and group.entity == here]
    if len(roles) < len(groups):
        raise Rejected("a group is not of this workspace", rule=Rule.INVALID_ROLE)
    return strongest(roles)


def _grants(command: AddWorkspaceUser, role: Role, *, announce: bool) -> Sequence[UserCommand]:
    here = auth.workspace(command.workspace_id)
    return [
        Grant(binding_id=command.binding_id, role=role, entity=here, now=command.now, announce=announce),
        *(
            Grant(
                binding_id=binding_id,
                role=each.role,
                entity=auth.deployment(each.deployment_id),
                now=command.now,
                mode=BindMode.SET,
            )
            for binding_id, each in zip(command.deployment_binding_ids, command.deployment_roles, strict=True)
        ),
    ]


def _enrolment(loaded: Loaded[User], command: AddWorkspaceUser, email: str) -> Register:
    """Return the sign-up of a person who has no password yet: none is ever right, so they have to ask for one."""
    return Register(
        user_id=user_of(loaded.stream),
        profile=Profile(email=email, username=email, full_name="", password_hash=""),
        binding_id=command.binding_id,
        first=False,
        confirmed=True,
        now=command.now,
    )
