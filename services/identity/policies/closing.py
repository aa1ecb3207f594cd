"""Finishes the deletion of a workspace that deployments has closed, should the command have died in between."""

from dataclasses import dataclass

from services.deployments.contract import SERVICE as DEPLOYMENTS
from services.deployments.contract import WorkspaceWasClosed
from services.identity.domain.workspace import Delete, Live
from services.identity.handlers.streams import WORKSPACE, state_of
from shared.followers.consumer import Consumer, Effect
from shared.followers.published import Published
from shared.store.events import EventStore
from shared.store.model import Expected, NewEvent


@dataclass(frozen=True, slots=True)
class Closing:
    """The effect of `workspace.closed` in our store."""

    store: EventStore

    async def effect(self, published: Published) -> Effect | None:
        """Return the deletion of a closed workspace, None where it is deleted already."""
        if published.type_name != WorkspaceWasClosed.type_name:
            return None
        closed = published.read(WorkspaceWasClosed)
        stream = WORKSPACE.stream(closed.workspace_id)
        history = await self.store.read_stream(stream)
        state = state_of(WORKSPACE, history)
        if not isinstance(state, Live):
            return None
        events = WORKSPACE.decide(Delete(workspace_id=closed.workspace_id, now=closed.closed_at), state)
        head = Expected(stream, history[-1].version, history[-1].hash)
        return Effect(expected=(head,), events=tuple(NewEvent(stream, event) for event in events))


def closing_consumer(store: EventStore) -> Consumer:
    """Return the consumer of deployments' events."""
    return Consumer(source=DEPLOYMENTS, entries=Closing(store).effect)
