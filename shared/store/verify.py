"""The check that nothing stored was altered, left out or put in: every chain, the running hash and the signed heads."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from asyncpg import Record

from shared.clock import utc_now
from shared.store.connections import fetch
from shared.store.events import EventStore
from shared.store.hashing import Link, run_on
from shared.store.heads import SignedHead, read_heads, sign_head
from shared.store.model import Head, PgPool

SIGNED_EVERY_S: Final = 3600.0  # 1 h
_AT_ONCE: Final = 1000
_NO_END: Final = 2**63

_LINKS: Final = """
select e.position, e.stream, e.version, e.event_id, e.type_name, e.schema_version, e.data, e.metadata, e.hash,
    e.recorded_at, p.hash as previous
from public.events e left join public.events p on p.stream = e.stream and p.version = e.version - 1
where e.position > $1 and e.position <= $2 order by e.position limit $3"""


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where the store is not what was written; stream "" and version 0: no single event is to blame."""

    position: int
    stream: str
    version: int
    what: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What verify found: all is well when `broken` is None.

    `signed_heads` were compared; `superseded_heads` lie behind a point to which the store was restored later.
    """

    events: int
    head: Head
    signed_heads: int
    superseded_heads: int
    broken: Break | None


async def verify(pool: PgPool, signed_heads: Path | None = None) -> Verification:
    """Check every event's hash, the gapless order, the head and the signed heads of the folder, if one is given.

    The first break by position is named. New events may be appended meanwhile. Raises Unavailable if Postgres is away,
    ValueError if the folder can't be read.
    """
    head, last = await _end(pool)
    known_ends = await _epoch_ends(pool)
    signed = list(read_heads(signed_heads)) if signed_heads else []
    superseded = [each for each in signed if each.head.position > known_ends.get(each.head.epoch, _NO_END)]
    check = _Check([each for each in signed if each not in superseded])
    async for row in _links(pool, head.position):
        check.add(row)
        if check.broken:
            break
    else:
        check.end(head, last)
    return Verification(check.position, head, len(signed) - len(superseded), len(superseded), check.broken)


async def keep_signing_heads(store: EventStore, folder: Path) -> None:
    """Sign the head now and then hourly, until cancelled."""
    while True:
        sign_head(folder, await store.head(), now=utc_now())
        await asyncio.sleep(SIGNED_EVERY_S)


class _Check:
    """Walks over all events by position; stops at the first break."""

    def __init__(self, signed: Sequence[SignedHead]) -> None:
        self.position = 0
        self.broken: Break | None = None
        self._running = b""
        self._signed = signed
        self._signed_at: dict[int, list[SignedHead]] = defaultdict(list)
        for each in signed:
            self._signed_at[each.head.position].append(each)

    def add(self, row: Record) -> None:
        """Check the next event."""
        if row["position"] != self.position + 1:
            self.broken = Break(self.position + 1, "", 0, "the event at this position is missing")
            return
        what = _fault(row)
        self.position = row["position"]
        self._running = run_on(self._running, row["hash"])
        if what:
            self.broken = Break(self.position, row["stream"], row["version"], what)
            return
        for each in self._signed_at.get(self.position, ()):
            if each.genuine and each.head.hash != self._running:
                self.broken = _at(self.position, f"the events up to here are not those signed at {each.signed_at}")

    def end(self, head: Head, last: int) -> None:
        """Check what can be told only at the end."""
        if last > head.position:
            self.broken = _at(head.position + 1, "an event stands behind the head of the store")
        elif (self.position, self.position, self._running) != (head.position, head.count, head.hash):
            self.broken = _at(self.position, "the events do not add up to the head of the store")
        for each in self._signed:
            if self.broken:
                return
            if not each.genuine:
                self.broken = _at(each.head.position, f"the signature of the head of {each.signed_at} does not fit")
            elif each.head.position > self.position:
                self.broken = _at(self.position + 1, f"events are missing that stood here at {each.signed_at}")


def _at(position: int, what: str) -> Break:
    return Break(position, "", 0, what)


def _fault(row: Record) -> str:
    if row["version"] > 1 and row["previous"] is None:
        return "the event before it in its stream is missing"
    link = Link(
        previous=row["previous"] or b"",
        stream=row["stream"],
        version=row["version"],
        event_id=row["event_id"],
        type_name=row["type_name"],
        schema_version=row["schema_version"],
        data=row["data"],
        metadata=row["metadata"],
        recorded_at=row["recorded_at"],
    )
    return "" if link.hash() == row["hash"] else "the event is not what its hash was made of"


async def _links(pool: PgPool, last: int) -> AsyncIterator[Record]:
    position = 0
    while position < last:
        rows = await fetch(pool, _LINKS, position, last, _AT_ONCE)
        for row in rows:
            yield row
        if not rows:
            return
        position = rows[-1]["position"]


async def _end(pool: PgPool) -> tuple[Head, int]:
    """Return the head and the last position that is really there, as of one moment."""
    rows = await fetch(
        pool,
        """select epoch, position, count, hash, coalesce((select max(position) from public.events), 0)
        from public.store_head""",
    )
    *head, last = rows[0]
    return Head(*head), last


async def _epoch_ends(pool: PgPool) -> Mapping[UUID, int]:
    """Return the last position of each epoch that a later one left standing; no entry for the present one."""
    rows = await fetch(
        pool,
        """select e.epoch, min(later.began_behind) from public.epochs e
        join public.epochs later on later.number > e.number group by e.epoch""",
    )
    return {row[0]: row[1] for row in rows}
