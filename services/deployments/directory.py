"""Which workspaces there are, as far as a creation has to know."""

from dataclasses import dataclass

from services.deployments.contract import WorkspaceId
from services.identity.contract import LoadWorkspaces
from shared.auth import Principal, workspace
from shared.bus.client import Bus
from shared.bus.context import Context


@dataclass(frozen=True, slots=True)
class WorkspaceDirectory:
    """Asks identity; a workspace that was deleted meanwhile is closed in our own store, so no answer can be too old."""

    bus: Bus

    async def knows(self, workspace_id: WorkspaceId, asker: Principal, context: Context) -> bool:
        """Say whether the workspace exists for the asker, who sent `context`; raises Unavailable when identity is away.

        A grant on the workspace itself is proof enough: identity read it for the asker.
        """
        if any(grant.entity == workspace(workspace_id) for grant in asker.grants):
            return True
        answered = await self.bus.ask(LoadWorkspaces(ids=(workspace_id,)), context.caused())
        return bool(answered.value.rows)
