"""The one write path: load, repeated?, authorise, decide, append, and afresh on a lost race."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from shared.auth import Principal
from shared.bus.context import Context
from shared.bus.request import Request
from shared.errors import Rejected
from shared.messages import Command, Event
from shared.store.events import EventStore
from shared.store.model import Claim, Recorded

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


@dataclass(frozen=True, slots=True)
class Committed:
    """What a command came to. `histories`: the whole streams that it loaded, after the commit.

    `repeated` says that the command id had been committed before; the histories then show the streams as they are now.
    """

    stream: str
    position: int
    repeated: bool
    histories: Mapping[str, Sequence[Recorded]]


class Unit:
    """One attempt at one command: what it read, and what it wants to write."""

    context: Context

    @property
    def principal(self) -> Principal:
        """Return who asks."""
        raise NotImplementedError

    async def load(self, decider: Decider[Any, S, Any], id_: str) -> Loaded[S]:
        """Return the stream of `decider` with this id; the entry will expect it unchanged.

        The first stream that an attempt loads is its queue: commands on it wait for each other in this process.
        """
        raise NotImplementedError

    def append(self, loaded: Loaded[Any], events: Sequence[Event]) -> None:
        """Add `events` to a stream that this attempt has loaded."""
        raise NotImplementedError

    def take(self, claim: Claim, *, taken: Rejected | None = None) -> None:
        """Take a claim with the entry; if another stream holds it, `taken` is what the asker is told."""
        raise NotImplementedError

    def release(self, claim: Claim) -> None:
        """Give a claim back with the entry."""
        raise NotImplementedError

    async def claim_holder(self, kind: str, value: str, *, personal: bool = False) -> str | None:
        """Return the stream that holds the claim, None if nobody does."""
        raise NotImplementedError

    def require(self, permission: str, *entities: str, principal: Principal | None = None) -> str:
        """Authorise on the target and note the role that allowed it; see Principal.require.

        `principal` stands in for the context's where grants were read afresh.
        """
        raise NotImplementedError


Attempt = Callable[[Unit], Awaitable[str]]
"""Decides once and returns the name of the primary stream."""


class Commands:
    """Runs the commands of one service against its store."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

    async def run(self, request: Request[Any], attempt: Attempt, *, queue_key: str = "") -> Committed:
        """Return what the command came to, this time or, if its id is known, the first time.

        `attempt` is called afresh on a lost race, at most 3 times, then Unavailable is raised. A `Rejected` of a keyed
        command leaves a receipt. Raises Invalid when the id was used for another wish. Commands with the same
        `queue_key` (a stream; by default the first one loaded) run one after another in this process.
        """
        raise NotImplementedError


def digest(command: Command[Any]) -> bytes:
    """Return what tells a command apart from another with the same id: SHA-256 of its subject and its wish."""
    raise NotImplementedError
