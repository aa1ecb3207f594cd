"""The event store of the deciders' tests: in memory, with what an append does and no more.

An entry is all or nothing: it needs the versions that its streams were read at, and claims that nobody else holds.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from typing import Any, TypeVar

from services.identity.contract import UserId
from services.identity.domain import organization, team
from services.identity.domain.user import User, UserCommand, consequences, teams_joined
from services.identity.handlers.streams import ORGANIZATION, TEAM, USER
from shared.decider import Decider
from shared.errors import Rejected, WrongExpectedVersion
from shared.messages import Event
from tests.unit.identity.examples import ORGANIZATION as ORGANIZATION_ID

C = TypeVar("C")
S = TypeVar("S")
E = TypeVar("E", bound=Event)


@dataclass
class Memory:
    """All streams by their names, and who holds which claim."""

    streams: dict[str, list[Any]] = field(default_factory=dict[str, list[Any]])
    claims: dict[Hashable, str] = field(default_factory=dict[Hashable, str])
    _folded: dict[str, tuple[int, Any]] = field(default_factory=dict[str, tuple[int, Any]])

    def read(self, decider: Decider[Any, S, Any], id_: str) -> S:
        """Return the state of a stream; only the events that are new since the last time are folded."""
        stream = decider.stream(id_)
        version: int
        state: S
        version, state = self._folded.get(stream, (0, decider.initial))
        if version < self.version(stream):
            state = reduce(decider.evolve, self.streams[stream][version:], state)
            self._folded[stream] = (self.version(stream), state)
        return state

    def version(self, stream: str) -> int:
        """Return how many events a stream has."""
        return len(self.streams.get(stream, []))


@dataclass
class Attempt:
    """What a command has read and wants to write. `giver`: who gives what others hold by it, "" for nobody."""

    memory: Memory
    now: datetime
    expected: dict[str, int] = field(default_factory=dict[str, int])
    events: list[tuple[str, Event]] = field(default_factory=list[tuple[str, Event]])
    taken: dict[Hashable, str] = field(default_factory=dict[Hashable, str])
    released: set[Hashable] = field(default_factory=set[Hashable])
    giver: str = ""

    def load(self, decider: Decider[Any, S, Any], id_: str) -> S:
        """Return a stream's state; the entry will expect the stream unchanged."""
        stream = decider.stream(id_)
        self.expected.setdefault(stream, self.memory.version(stream))
        return self.memory.read(decider, id_)

    def write(self, decider: Decider[C, S, E], id_: str, command: C) -> Sequence[E]:
        """Decide a command on a stream, and return its events."""
        events = decider.decide(command, self.load(decider, id_))
        self.events += [(decider.stream(id_), event) for event in events]
        return events

    def person(self, user_id: UserId, command: UserCommand) -> User:
        """Decide a command on a person, with what follows from it for claims and owners; return the new state."""
        before: User = self.load(USER, user_id)
        events = self.write(USER, user_id, command)
        after = reduce(USER.evolve, events, before)
        follows = consequences(before, after)
        self.taken |= dict.fromkeys(follows.taken, USER.stream(user_id))
        self.released |= follows.released
        if follows.owner is not None:
            wish = organization.AddOwner if follows.owner else organization.RemoveOwner
            self.write(ORGANIZATION, ORGANIZATION_ID, wish(user_id=user_id, now=self.now))
        for id_ in teams_joined(before, events):
            if isinstance(self.load(TEAM, id_), team.Live):
                self.write(TEAM, id_, team.AddMembers((user_id,), self.now))
        return after

    def all_of(self, kind: type[E]) -> list[E]:
        """Return the events of a type that it wants to write."""
        return [event for _, event in self.events if isinstance(event, kind)]

    def commit(self) -> None:
        """Write it all; raise WrongExpectedVersion where another was faster, Rejected where a claim is taken."""
        memory = self.memory
        if any(memory.version(stream) != version for stream, version in self.expected.items()):
            raise WrongExpectedVersion("a stream has changed since it was read")
        for claim in self.released:
            assert memory.claims[claim] in self.expected
        if any(claim in memory.claims for claim in self.taken.keys() - self.released):
            raise Rejected("another stream holds the claim")
        for claim in self.released:
            del memory.claims[claim]
        memory.claims |= self.taken
        for stream, event in self.events:
            memory.streams.setdefault(stream, []).append(event)
