"""The commands about workspaces themselves."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from services.deployments.contract import CloseWorkspace
from services.identity.contract import (
    DEFAULT_ROLE,
    SERVICE,
    CreateWorkspace,
    DeleteWorkspace,
    Rule,
    UpdateWorkspace,
    WorkspaceId,
    WorkspaceRow,
)
from services.identity.domain import texts, workspace
from services.identity.domain.user import Grant
from services.identity.handlers.authority import require
from services.identity.handlers.kit import Kit
from services.identity.handlers.people import write
from services.identity.handlers.replies import primary, workspace_row
from services.identity.handlers.streams import USER, WORKSPACE
from shared import auth
from shared.auth import PrincipalKind, service_principal
from shared.bus.context import Context
from shared.bus.request import Request, Result
from shared.commands import Attempt, Unit
from shared.decider import Loaded
from shared.errors import Rejected

_MANAGE: Final = "workspace.config.update"
"""What a service account needs everywhere to make workspaces: it has one role, and gets none in what it makes."""


@dataclass(frozen=True, slots=True)
class Workspaces:
    """What answers the commands about workspaces."""

    kit: Kit

    async def create(self, request: Request[CreateWorkspace]) -> Result[WorkspaceRow]:
        """Make a workspace, and its creator the administrator of it if that is a person."""
        command, who = request.message, request.context.principal
        wish = workspace.Create(
            workspace_id=command.workspace_id,
            label=texts.label(command.label),
            description=texts.description(command.description),
            now=command.now,
        )

        async def attempt(unit: Unit) -> str:
            asker = await require(unit, self.kit, "system.workspace.create")
            if asker.kind is PrincipalKind.SERVICE_ACCOUNT and not asker.holds(_MANAGE):
                said = "this service account could not reach the workspace: creating one takes a key with a role on the"
                raise Rejected(f"{said} system, SYSTEM_EDITOR or SYSTEM_ADMIN", rule=Rule.KEY_OUT_OF_REACH)
            unit.require_of_repeats("workspace.config.get", auth.workspace(command.workspace_id))
            loaded = await unit.load(WORKSPACE, command.workspace_id)
            unit.append(loaded, WORKSPACE.decide(wish, loaded.state))
            if who.kind is PrincipalKind.USER:
                await write(unit, self.kit, await unit.load(USER, who.subject), _own(command), now=command.now)
            return loaded.stream

        # What a person creates is bound on the person's stream, so their creations wait for each other.
        queue = USER.stream(who.subject) if who.kind is PrincipalKind.USER else ""
        return await self._run(request, attempt, queue=queue)

    async def update(self, request: Request[UpdateWorkspace]) -> Result[WorkspaceRow]:
        """Change the label or the description."""
        command = request.message
        wish = workspace.Update(
            workspace_id=command.workspace_id,
            label=None if command.label is None else texts.label(command.label),
            description=None if command.description is None else texts.description(command.description),
            now=command.now,
        )

        async def attempt(unit: Unit) -> str:
            await require(unit, self.kit, "workspace.config.update", auth.workspace(command.workspace_id))
            loaded = await unit.load(WORKSPACE, command.workspace_id)
            unit.append(loaded, WORKSPACE.decide(wish, loaded.state))
            return loaded.stream

        return await self._run(request, attempt)

    async def delete(self, request: Request[DeleteWorkspace]) -> Result[WorkspaceRow]:
        """Have deployments close the workspace, then delete it.

        Closing is final. Should this process end in between, the consumer of `workspace.closed` deletes it; so may it
        while we are at it, which is right too. A repeat that finds it deleted so is answered like the first.
        """
        command, closed = request.message, False

        async def attempt(unit: Unit) -> str:
            nonlocal closed
            loaded = await unit.load(WORKSPACE, command.workspace_id)
            if not _finished(loaded, request.context):
                await require(unit, self.kit, "workspace.config.delete", auth.workspace(command.workspace_id))
                if not closed:
                    workspace.live(loaded.state)
                    await self._close(command.workspace_id, request.context)
                    closed = True
            wish = workspace.Delete(workspace_id=command.workspace_id, now=command.now, again=True)
            unit.append(loaded, WORKSPACE.decide(wish, loaded.state))
            return loaded.stream

        return await self._run(request, attempt)

    async def _close(self, workspace_id: WorkspaceId, context: Context) -> None:
        caused = context.caused(service_principal(SERVICE), message_id=closing_id(context.message_id))
        await self.kit.running.bus.ask(CloseWorkspace(workspace_id=workspace_id), caused)

    async def _run(
        self,
        request: Request[CreateWorkspace] | Request[UpdateWorkspace] | Request[DeleteWorkspace],
        attempt: Attempt,
        *,
        queue: str = "",
    ) -> Result[WorkspaceRow]:
        committed = await self.kit.running.commands.run(request, attempt, queue_key=queue)
        return Result(workspace_row(primary(committed)), committed.stream, committed.position)


def closing_id(deletion: UUID) -> UUID:
    """Return the id of the message by which a deletion closes its workspace; the same for its repeats."""
    return uuid5(deletion, "close")


def _finished(loaded: Loaded[workspace.Workspace], context: Context) -> bool:
    """Say whether the workspace was deleted because this very command, when it ran before, had it closed."""
    deleted = isinstance(loaded.state, workspace.Deleted)
    return deleted and loaded.events[-1].metadata.causation_id == closing_id(context.message_id)


def _own(command: CreateWorkspace) -> Grant:
    return Grant(
        binding_id=command.binding_id,
        role=DEFAULT_ROLE["workspace"],
        entity=auth.workspace(command.workspace_id),
        now=command.now,
    )
