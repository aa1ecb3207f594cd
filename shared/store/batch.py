"""One entry made ready for the database, and a batch of them as the arguments of append_events()."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid5

from shared.clock import utc_now
from shared.errors import Invalid
from shared.store.codec import EventTypes, Keys
from shared.store.hashing import Link
from shared.store.model import Claim, Entry, Recorded
from shared.text import check_text

APPEND: Final = """
select positions, refused, verdicts, taken from public.append_events(
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25,
    $26, $27, $28, $29
)"""


class Line(NamedTuple):
    """An event ready to be stored: the `nth` of its entry on the stream at `head`, from 0, of its `expected`."""

    head: int
    nth: int
    event_id: UUID
    type_name: str
    schema_version: int
    data: str
    metadata: str
    hash: bytes
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Prepared:
    """An entry ready to be stored.

    `exclusive` are the keys that no other entry of its batch may have, `shared` those that others may only share: the
    streams that it reads. `claim_values` are the claims' values as stored, the taken ones first.
    """

    entry: Entry
    lines: Sequence[Line]
    claim_values: Sequence[str]
    exclusive: frozenset[Hashable]
    shared: frozenset[Hashable]
    characters: int

    @property
    def claims(self) -> tuple[Claim, ...]:
        """All claims, the taken ones first."""
        return (*self.entry.take, *self.entry.release)

    def recorded(self, last_position: int) -> tuple[Recorded, ...]:
        """Return the events as they are stored when the last of them has this position."""
        first = last_position - len(self.lines) + 1
        return tuple(
            Recorded(
                first + n,
                new.stream,
                self.entry.expected[line.head].version + line.nth,
                line.event_id,
                line.type_name,
                line.schema_version,
                new.event,
                line.hash,
                line.recorded_at,
                line.metadata,
            )
            for n, (new, line) in enumerate(zip(self.entry.events, self.lines, strict=True))
        )


def prepare(entry: Entry, *, types: EventTypes, keys: Keys, claim_value: Callable[[Claim], str]) -> Prepared:
    """Return `entry` encoded, encrypted and hashed.

    Raises Invalid if a text can't be stored, ValueError if an event's stream is not expected or one is expected twice.
    """
    written = {new.stream for new in entry.events}
    expected = {each.stream for each in entry.expected}
    if len(expected) < len(entry.expected) or not written <= expected:
        raise ValueError("each stream of an entry is expected once, and every written one is")
    values = [claim_value(claim) for claim in (*entry.take, *entry.release)]
    for claim, value in zip((*entry.take, *entry.release), values, strict=True):
        check_text(claim.kind + value + claim.stream)
    try:
        lines = list(_lines(entry, types, keys))
    except UnicodeEncodeError as error:
        raise Invalid("a stream's name holds a lone surrogate") from error
    return Prepared(
        entry=entry,
        lines=lines,
        claim_values=values,
        exclusive=frozenset(_keys(entry, written, values)),
        shared=frozenset(expected - written),
        characters=sum(len(line.data) for line in lines),
    )


def event_ids(entry: Entry) -> list[UUID]:
    """Return the ids of the entry's events: they derive from its message's, so a resubmission is recognised."""
    return [uuid5(entry.metadata.message_id, str(n)) for n in range(len(entry.events))]


def _lines(entry: Entry, types: EventTypes, keys: Keys) -> Iterable[Line]:
    heads = {each.stream: n for n, each in enumerate(entry.expected)}
    added = [0] * len(heads)
    hashes = [each.hash for each in entry.expected]
    metadata, at = entry.metadata.model_dump_json(), utc_now()
    for new, event_id in zip(entry.events, event_ids(entry), strict=True):
        event, head = new.event, heads[new.stream]
        type_name, schema_version = event.type_name, event.schema_version
        data = types.encode(event, event_id=event_id, keys=keys)
        added[head] += 1
        version = entry.expected[head].version + added[head]
        link = Link(hashes[head], new.stream, version, event_id, type_name, schema_version, data, metadata, at)
        hashes[head] = link.hash()
        yield Line(head, added[head], event_id, type_name, schema_version, data, metadata, hashes[head], at)


def _keys(entry: Entry, written: Iterable[str], values: Sequence[str]) -> Iterable[Hashable]:
    yield from written
    if entry.receipt is not None:
        yield entry.receipt.command_id
    if entry.source is not None:
        yield "source", entry.source.source
    for claim, value in zip((*entry.take, *entry.release), values, strict=True):
        yield claim.kind, value, "claim"


class _Columns:
    """The parallel arrays of one group of arguments."""

    def __init__(self, width: int) -> None:
        self._rows: list[tuple[Any, ...]] = []
        self._width = width

    def add(self, *values: Any) -> None:
        self._rows.append(values)

    def __len__(self) -> int:
        return len(self._rows)

    def lists(self) -> list[list[Any]]:
        return [list(column) for column in zip(*self._rows, strict=True)] if self._rows else [[]] * self._width


def arguments(batch: Sequence[Prepared]) -> list[Any]:
    """Return the arguments of APPEND for a batch whose entries share no exclusive key."""
    heads, events, claims, receipts, sources = _Columns(5), _Columns(9), _Columns(5), _Columns(4), _Columns(5)
    for number, prepared in enumerate(batch, 1):
        entry, first_head = prepared.entry, len(heads) + 1
        for each in entry.expected:
            heads.add(number, each.stream, each.version, each.hash, each.stream not in prepared.shared)
        for line in prepared.lines:
            events.add(first_head + line.head, *line[1:])
        for n, (claim, value) in enumerate(zip(prepared.claims, prepared.claim_values, strict=True)):
            claims.add(number, claim.kind, value, claim.stream, n < len(entry.take))
        if entry.receipt is not None:
            receipts.add(number, entry.receipt.command_id, entry.receipt.digest, entry.receipt.outcome)
        if entry.source is not None:
            mark = entry.source
            sources.add(number, mark.source, mark.epoch, mark.seen, mark.position)
    groups = (heads, events, claims, receipts, sources)
    return [[len(prepared.lines) for prepared in batch], *(column for group in groups for column in group.lists())]
