"""What goes into the event store and what comes out of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, TypeAlias
from uuid import UUID

from asyncpg import Pool, Record
from asyncpg.pool import PoolConnectionProxy

from shared.errors import Internal, Rejected
from shared.messages import Event, Metadata

if TYPE_CHECKING:
    PgPool: TypeAlias = Pool[Record]
    PgConnection: TypeAlias = PoolConnectionProxy[Record]
else:  # at run time asyncpg's classes take no parameters
    PgPool = Pool
    PgConnection = PoolConnectionProxy


class Recorded(NamedTuple):
    """One stored event, decoded: decrypted, then raised to the present shape.

    `schema_version` is the one it was stored with; `event` has the present one. `hash` ends the chain of its stream.
    A tuple and no dataclass, as one is made for every event that is read or written: a third of the time.
    """

    position: int
    stream: str
    version: int
    event_id: UUID
    type_name: str
    schema_version: int
    event: Event
    hash: bytes
    recorded_at: datetime
    metadata_text: str

    @property
    def metadata(self) -> Metadata:
        """Return who caused it and why; parsed at each call, as few readers ask."""
        return Metadata.model_validate_json(self.metadata_text)


@dataclass(frozen=True, slots=True)
class Expected:
    """The head of a stream as the writer saw it; version 0 and no hash: the stream must not exist."""

    stream: str
    version: int = 0
    hash: bytes = b""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to append to a stream."""

    stream: str
    event: Event


@dataclass(frozen=True, slots=True)
class Claim:
    """A value that `stream` holds alone among all streams; `personal`: stored as HMAC, never in the clear."""

    kind: str
    value: str
    stream: str
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """The lasting answer to a command: `outcome` is JSON text that the store does not read.

    `digest` tells a repeat from another payload under the same id; `position` is set where it was read.
    """

    command_id: UUID
    digest: bytes
    outcome: str
    position: int = 0


@dataclass(frozen=True, slots=True)
class SourceMark:
    """A consumer's row moved in the same entry, from position `seen` (0: no row yet) to `position`."""

    source: str
    epoch: UUID
    seen: int
    position: int


@dataclass(frozen=True, slots=True)
class Entry:
    """What is written all or nothing.

    `expected` names every stream that `events` append to, and may name streams that were only read. Claims are released
    before others are taken. Two entries never share `metadata.message_id`: the ids of the events derive from it.
    """

    expected: tuple[Expected, ...]
    events: tuple[NewEvent, ...]
    metadata: Metadata
    take: tuple[Claim, ...] = ()
    release: tuple[Claim, ...] = ()
    receipt: Receipt | None = None
    source: SourceMark | None = None


@dataclass(frozen=True, slots=True)
class Appended:
    """What an entry became.

    `position` is its last event's, or the store's when it held none. `repeated`: this command id was committed before,
    with this receipt and with these `events` (as far as their ids were asked for again).
    """

    position: int
    events: tuple[Recorded, ...]
    repeated: Receipt | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the store: its epoch, last position, number of events and the running hash over all of them."""

    epoch: UUID
    position: int
    count: int
    hash: bytes


class ClaimTaken(Rejected):
    """Another stream holds a value that the entry claims."""

    def __init__(self, claim: Claim) -> None:
        super().__init__(f"another stream holds this {claim.kind}", rule="claimed", details={"claim": claim.kind})
        self.claim = claim


class Undecodable(Internal):
    """A stored event that this program can't read: an unknown type, a newer schema version, or data that is unfit.

    Whoever reads on in the order of positions may read the events before `position` and go on behind it.
    """

    def __init__(self, *, position: int, stream: str, type_name: str) -> None:
        super().__init__(f"event {position} of type {type_name} can't be read")
        self.position = position
        self.stream = stream
        self.type_name = type_name
