"""The rules of one kind of stream, and a stream as they have read it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from shared.messages import Event
from shared.store.model import Recorded

C = TypeVar("C")
S = TypeVar("S")
E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Decider(Generic[C, S, E]):
    """The rules of one kind of stream; both functions are pure. Streams are named `<kind>-<id>`."""

    kind: str
    initial: S
    decide: Callable[[C, S], list[E]]
    evolve: Callable[[S, E], S]

    def stream(self, id_: str) -> str:
        """Return the name of the stream of the thing with this id."""
        return f"{self.kind}-{id_}"


@dataclass(frozen=True, slots=True)
class Loaded(Generic[S]):
    """A stream as it was read: its state and its head; version 0 where it does not exist."""

    stream: str
    state: S
    version: int
    hash: bytes
    events: Sequence[Recorded]

    def then(self, decider: Decider[Any, S, Any], events: Sequence[Recorded]) -> "Loaded[S]":
        """Return the stream with the events that follow; itself where there are none."""
        if not events:
            return self
        state = self.state
        for recorded in events:
            state = decider.evolve(state, recorded.event)
        return Loaded(self.stream, state, events[-1].version, events[-1].hash, [*self.events, *events])
