"""Reads the stream of an invite and folds it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from services.invites.contract import InviteEvent
from services.invites.domain import ABSENT, Invite, evolve, invite_stream
from shared.store.events import EventStore
from shared.store.model import Expected, Recorded


@dataclass(frozen=True, slots=True)
class Loaded:
    """An invite as it was read: its state, its head and its history."""

    state: Invite
    head: Expected
    history: Sequence[Recorded]


async def read_invite(store: EventStore, invite_id: str) -> Loaded:
    """Return the invite with this id; Absent where its stream does not exist."""
    stream = invite_stream(invite_id)
    history = await store.read_stream(stream)
    state: Invite = ABSENT
    for recorded in history:
        state = evolve(state, cast("InviteEvent", recorded.event))
    head = Expected(stream, history[-1].version, history[-1].hash) if history else Expected(stream)
    return Loaded(state=state, head=head, history=history)
