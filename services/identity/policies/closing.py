"""What identity does because of deployments' events: it keeps where they are, and finishes deletions of workspaces."""

from dataclasses import dataclass
from typing import Any, TypeVar

from services.deployments.contract import SERVICE as DEPLOYMENTS
from services.deployments.contract import DeploymentCreated, DeploymentDeleted, WorkspaceWasClosed
from services.identity.domain import deployment, workspace
from services.identity.handlers.streams import DEPLOYMENT, WORKSPACE, state_of
from shared.decider import Decider
from shared.followers.consumer import Consumer, Effect
from shared.followers.published import Published
from shared.store.events import EventStore
from shared.store.model import Expected, NewEvent

C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Following:
    """The effect of deployments' events in our store."""

    store: EventStore

    async def effect(self, published: Published) -> Effect | None:
        """Return what an event comes to in our store, None where that has happened already."""
        match published.type_name:
            case DeploymentCreated.type_name:
                created = published.read(DeploymentCreated)
                place = deployment.Place(created.deployment_id, created.workspace_id, created.created_at)
                return await self._told(DEPLOYMENT, created.deployment_id, place)
            case DeploymentDeleted.type_name:
                deleted = published.read(DeploymentDeleted)
                end = deployment.End(deleted.deployment_id, deleted.deleted_at)
                return await self._told(DEPLOYMENT, deleted.deployment_id, end)
            case WorkspaceWasClosed.type_name:
                return await self._closed(published.read(WorkspaceWasClosed))
            case _:
                return None

    async def _closed(self, closed: WorkspaceWasClosed) -> Effect | None:
        """Delete a closed workspace, should the command that closed it have died in between."""
        id_ = closed.workspace_id
        state = state_of(WORKSPACE, await self.store.read_stream(WORKSPACE.stream(id_)))
        if not isinstance(state, workspace.Live):
            return None
        return await self._told(WORKSPACE, id_, workspace.Delete(workspace_id=id_, now=closed.closed_at, again=True))

    async def _told(self, decider: Decider[C, Any, Any], id_: str, command: C) -> Effect | None:
        stream = decider.stream(id_)
        history = await self.store.read_stream(stream)
        events = decider.decide(command, state_of(decider, history))
        if not events:
            return None
        head = Expected(stream, history[-1].version, history[-1].hash) if history else Expected(stream, 0, b"")
        return Effect(expected=(head,), events=tuple(NewEvent(stream, event) for event in events))


def closing_consumer(store: EventStore) -> Consumer:
    """Return the consumer of deployments' events."""
    return Consumer(source=DEPLOYMENTS, entries=Following(store).effect)
