"""One entry made ready for the database, and a batch of them as the arguments of append_events()."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha1
from typing import Any, Final, NamedTuple, TypeAlias
from uuid import UUID

from asyncpg.pgproto.pgproto import UUID as FastUuid  # noqa: N811 -- a class, whatever its case

from shared.clock import utc_now
from shared.errors import Invalid
from shared.messages import Metadata
from shared.store.codec import EventTypes, Keys
from shared.store.hashing import Link
from shared.store.model import Claim, Entry, Recorded
from shared.text import check_text

APPEND: Final = """
select positions, refused, verdicts, taken from public.append_events(
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25,
    $26, $27, $28, $29
)"""

_WRITE_METADATA: Final = Metadata.__pydantic_serializer__.to_json  # model_dump_json without its many options
_Row: TypeAlias = tuple[Any, ...]


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


@dataclass(slots=True)
class Prepared:
    """An entry ready to be stored.

    `exclusive` are the keys that no other entry of its batch may have, `shared` those that others may only share: the
    streams that it reads. `claim_values` are the claims' values as stored, the taken ones first.
    """

    entry: Entry
    lines: Sequence[Line]
    claim_values: Sequence[str]
    exclusive: list[Hashable]
    shared: Sequence[Hashable]
    characters: int

    @property
    def claims(self) -> tuple[Claim, ...]:
        """All claims, the taken ones first."""
        return (*self.entry.take, *self.entry.release)

    def recorded(self, last_position: int) -> tuple[Recorded, ...]:
        """Return the events as they are stored when the last of them has this position."""
        position = last_position - len(self.lines)
        recorded: list[Recorded] = []
        for new, line in zip(self.entry.events, self.lines, strict=True):
            head, nth, event_id, type_name, schema_version, _, metadata, hash_, at = line
            position += 1
            version = self.entry.expected[head].version + nth
            recorded.append(
                Recorded(
                    position, new.stream, version, event_id, type_name, schema_version, new.event, hash_, at, metadata
                )
            )
        return tuple(recorded)


def prepare(entry: Entry, *, types: EventTypes, keys: Keys, claim_value: Callable[[Claim], str]) -> Prepared:
    """Return `entry` encoded, encrypted and hashed.

    Raises Invalid if a text can't be stored, ValueError if an event's stream is not expected or one is expected twice.
    """
    heads = {each.stream: n for n, each in enumerate(entry.expected)}
    written = {new.stream for new in entry.events}
    if len(heads) < len(entry.expected) or not written <= heads.keys():
        raise ValueError("each stream of an entry is expected once, and every written one is")
    try:
        lines = _lines(entry, heads, types, keys)
    except UnicodeEncodeError as error:
        raise Invalid("a stream's name holds a lone surrogate") from error
    shared = [] if len(written) == len(heads) else [stream for stream in heads if stream not in written]
    characters = sum([len(line.data) for line in lines])
    prepared = Prepared(entry, lines, (), list[Hashable](written), shared, characters)
    if entry.take or entry.release:
        _add_claims(prepared, claim_value)
    if entry.receipt is not None:
        prepared.exclusive.append(entry.receipt.command_id)
    if entry.source is not None:
        prepared.exclusive.append(("", entry.source.source))  # no kind of claim has this name
    return prepared


def _add_claims(prepared: Prepared, claim_value: Callable[[Claim], str]) -> None:
    prepared.claim_values = [claim_value(claim) for claim in prepared.claims]
    for claim, value in zip(prepared.claims, prepared.claim_values, strict=True):
        check_text(value + claim.stream)
        prepared.exclusive.append((claim.kind, value))


def event_id(message_id: UUID, n: int) -> UUID:
    """Return the id of an entry's event: it derives from the message's, so that a resubmission is recognised.

    Source: uuid5 (RFC 9562, section 5.5) of the message id and the event's number from 0; this is its fast form.
    """
    digest = bytearray(sha1(message_id.bytes + b"%d" % n, usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    return FastUuid(bytes(digest))


def event_ids(entry: Entry) -> list[UUID]:
    """Return the ids of the entry's events."""
    return [event_id(entry.metadata.message_id, n) for n in range(len(entry.events))]


def _lines(entry: Entry, heads: Mapping[str, int], types: EventTypes, keys: Keys) -> list[Line]:
    added = [0] * len(heads)
    hashes = [each.hash for each in entry.expected]
    metadata, at, lines = _WRITE_METADATA(entry.metadata).decode(), utc_now(), list[Line]()
    for n, new in enumerate(entry.events):
        event, stream, head = new.event, new.stream, heads[new.stream]
        id_, type_name, schema_version = event_id(entry.metadata.message_id, n), event.type_name, event.schema_version
        data = types.encode(event, event_id=id_, keys=keys)
        nth = added[head] = added[head] + 1
        version = entry.expected[head].version + nth
        link = Link(hashes[head], stream, version, id_, type_name, schema_version, data, metadata, at)
        hash_ = hashes[head] = link.hash()
        lines.append(Line(head, nth, id_, type_name, schema_version, data, metadata, hash_, at))
    return lines


def arguments(batch: Sequence[Prepared]) -> list[Any]:
    """Return the arguments of APPEND for a batch whose entries share no exclusive key."""
    heads, events, claims = list[_Row](), list[_Row](), list[_Row]()
    receipts, sources = list[_Row](), list[_Row]()
    for number, prepared in enumerate(batch, 1):
        entry, first_head = prepared.entry, len(heads) + 1
        for each in entry.expected:
            heads.append((number, each.stream, each.version, each.hash, each.stream not in prepared.shared))
        for line in prepared.lines:
            events.append((first_head + line[0], *line[1:]))
        for n, value in enumerate(prepared.claim_values):
            claim = prepared.claims[n]
            claims.append((number, claim.kind, value, claim.stream, n < len(entry.take)))
        if entry.receipt is not None:
            receipts.append((number, entry.receipt.command_id, entry.receipt.digest, entry.receipt.outcome))
        if entry.source is not None:
            mark = entry.source
            sources.append((number, mark.source, mark.epoch, mark.seen, mark.position))
    groups = ((heads, 5), (events, 9), (claims, 5), (receipts, 4), (sources, 5))
    return [
        [len(prepared.lines) for prepared in batch],
        *(column for rows, width in groups for column in _columns(rows, width)),
    ]


def _columns(rows: Sequence[_Row], width: int) -> list[Sequence[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [()] * width
