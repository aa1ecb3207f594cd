"""The commands about a person's place in a workspace."""

from dataclasses import dataclass
from datetime import timedelta

from services.identity.contract import AddWorkspaceUser, Rule, UpdateWorkspaceUserRole, WorkspaceUser, fits
from services.identity.domain import texts, workspace
from services.identity.domain.user import (
    Active,
    ChangeInvitation,
    ChangeRole,
    Grant,
    Invite,
    Pending,
    User,
    UserCommand,
    binding_on,
)
from services.identity.handlers.authority import require
from services.identity.handlers.kit import Kit
from services.identity.handlers.people import holder_of, load_holder, write
from services.identity.handlers.replies import primary, user_row, workspace_row
from services.identity.handlers.streams import USER, WORKSPACE, user_of
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
        email, entity = texts.email_address(command.email), auth.workspace(command.workspace_id)

        async def attempt(unit: Unit) -> str:
            await self._authorise(unit, command)
            loaded = await load_holder(unit, email, otherwise=command.user_id)
            wish: UserCommand = self._invitation(unit, loaded, command, email)
            if isinstance(loaded.state, Pending | Active):
                wish = Grant(binding_id=command.binding_id, role=command.role, entity=entity, now=command.now)
            await write(unit, self.kit, loaded, wish, now=command.now)
            return loaded.stream

        return await self._run(request, attempt)

    async def update(self, request: Request[UpdateWorkspaceUserRole]) -> Result[WorkspaceUser]:
        """Change the role of a binding, or of an open invitation where there is no binding."""
        command = request.message
        email, entity = texts.email_address(command.email), auth.workspace(command.workspace_id)

        async def attempt(unit: Unit) -> str:
            await self._authorise(unit, command)
            user_id = await holder_of(unit, email)
            if user_id is None:
                raise NotFound("nobody has this address")
            loaded = await unit.load(USER, user_id)
            wish: UserCommand = ChangeInvitation(scope=entity, roles=(command.role,), now=command.now)
            if _bound(loaded.state, entity):
                wish = ChangeRole(entity=entity, role=command.role, now=command.now)
            await write(unit, self.kit, loaded, wish, now=command.now)
            return loaded.stream

        return await self._run(request, attempt)

    async def _authorise(self, unit: Unit, command: AddWorkspaceUser | UpdateWorkspaceUserRole) -> None:
        entity = auth.workspace(command.workspace_id)
        if not fits(command.role, entity):
            await require(unit, "workspace.iam.update", entity)
            raise Rejected(f"{command.role} is no role of a workspace", rule=Rule.INVALID_ROLE)
        await require(unit, "workspace.iam.update", entity, role=command.role)
        workspace.live((await unit.load(WORKSPACE, command.workspace_id)).state)

    def _invitation(self, unit: Unit, loaded: Loaded[User], command: AddWorkspaceUser, email: str) -> Invite:
        return Invite(
            user_id=user_of(loaded.stream),
            invitation_id=command.invitation_id,
            email=email,
            scope=auth.workspace(command.workspace_id),
            roles=(command.role,),
            expires_at=command.now + timedelta(days=self.kit.settings.invite_days),
            inviter=unit.principal.subject,
            inviter_kind=unit.principal.kind.value,
            alone=False,
            now=command.now,
        )

    async def _run(
        self, request: Request[AddWorkspaceUser] | Request[UpdateWorkspaceUserRole], attempt: Attempt
    ) -> Result[WorkspaceUser]:
        committed = await self.kit.running.commands.run(request, attempt)
        place = committed.histories[WORKSPACE.stream(request.message.workspace_id)]
        answer = WorkspaceUser(workspace=workspace_row(place), user=user_row(primary(committed)))
        return Result(answer, committed.stream, committed.position)


def _bound(user: User, entity: str) -> bool:
    return isinstance(user, Pending | Active) and binding_on(user, entity) is not None
