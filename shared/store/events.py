"""The event store of a service: the only way in which events are read and written."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from shared.errors import Invalid, OutcomeUnknown, Unavailable, WrongExpectedVersion
from shared.store.appender import Appender
from shared.store.batch import Prepared, event_ids, prepare
from shared.store.codec import EventTypes, Keys
from shared.store.connections import fetch
from shared.store.lane import Outcome
from shared.store.model import Appended, Claim, ClaimTaken, Entry, Head, NewEvent, PgPool, Receipt, Recorded
from shared.store.personal import PersonalKeys
from shared.store.reader import EventReader

__all__ = ["EventStore", "EventTypes"]

RECEIPTS_KEPT: Final = timedelta(days=7)
_PURGED_AT_ONCE: Final = 1000

Tell = Callable[[Sequence[NewEvent], int], Awaitable[None]]
"""Tells others of events on streams that existed, and of the entry's position; 0 where that is not known."""


class EventStore:
    """Reads streams and appends entries; one instance a process."""

    def __init__(
        self, pool: PgPool, types: EventTypes, keys: PersonalKeys | None = None, *, readers: PgPool | None = None
    ) -> None:
        """`readers`: the pool that serves `read_all`, so that followers never take a command's connection."""
        if types.holds_personal_data and keys is None:
            raise TypeError("these events hold personal data, so the store needs keys")
        self._pool = pool
        self._types = types
        self._keys = keys
        self._reader = EventReader(pool, types, keys)
        self._followed = EventReader(readers or pool, types, keys)
        self._appender = Appender(pool, committed=self._wake)
        self._wakes: list[Callable[[int], None]] = []
        self._tell: Tell | None = None
        self._telling: set[asyncio.Task[Outcome]] = set()

    async def read_stream(self, stream: str, *, after: int = 0) -> list[Recorded]:
        """Return the events of `stream` with a version > `after`, by version; empty when there are none.

        Raises Unavailable if Postgres has not answered in 5 s.
        """
        return await self._reader.read_stream(stream, after=after)

    async def read_all(self, *, after: int, limit: int) -> list[Recorded]:
        """Return the next events of this service in the order of their positions.

        Shape: at most `limit` events, each position > `after`, rising without gaps; empty when caught up.
        Raises Unavailable if Postgres has not answered in 5 s, Undecodable if one of them can't be read.
        Source: the order is kept by append_events() in 0001_events.sql.
        """
        return await self._followed.read_all(after=after, limit=limit)

    async def append(self, entry: Entry, *, timeout_s: float = 5.0) -> Appended:
        """Commit `entry`, all or nothing, in a group with what arrives at the same time.

        Raises WrongExpectedVersion when a stream has moved or a source mark was not where it was seen, ClaimTaken,
        Invalid when the command id was used with another digest or a text cannot be stored, Unavailable when nothing
        was stored and OutcomeUnknown when that cannot be told. Cancelled, it may still be stored.
        """
        keys: Keys = await self._keys_for(entry) if self._types.holds_personal_data else {}
        prepared = prepare(entry, types=self._types, keys=keys, claim_value=self._claim_value)
        outcome = await self._commit(prepared, timeout_s=timeout_s)
        if outcome.verdict == "committed":
            return Appended(outcome.position, prepared.recorded(outcome.position))
        if outcome.verdict == "repeated":
            return await self._repeated(entry)
        if outcome.verdict == "claimed":
            raise ClaimTaken(prepared.claims[outcome.taken - 1])
        raise WrongExpectedVersion("a stream has moved since it was read")

    async def find_receipt(self, command_id: UUID) -> Receipt | None:
        """Return the receipt of a command, with its position, or None; receipts are kept for 7 days."""
        return await self._reader.find_receipt(command_id)

    async def claim_holder(self, kind: str, value: str, *, personal: bool = False) -> str | None:
        """Return the stream that holds a claim, or None."""
        return await self._reader.claim_holder(
            kind, self._claim_value(Claim(kind=kind, value=value, stream="", personal=personal))
        )

    async def head(self) -> Head:
        """Return the end of the store."""
        return await self._reader.head()

    async def purge_receipts(self) -> int:
        """Delete the receipts that are older than 7 days and return how many; to be run daily or oftener."""
        purged = 0
        while True:
            rows = await fetch(
                self._pool, "select public.purge_receipts(now() - $1::interval, $2)", RECEIPTS_KEPT, _PURGED_AT_ONCE
            )
            now: int = rows[0][0]
            purged += now
            if now < _PURGED_AT_ONCE:
                return purged

    def on_commit(self, wake: Callable[[int], None]) -> None:
        """Have `wake` called with the new last position after each commit of this process."""
        self._wakes.append(wake)

    def on_change(self, tell: Tell) -> None:
        """Have `tell` awaited after each commit that went on with streams, before `append` returns.

        Also when whoever appends has given up meanwhile, and where it is not known whether the entry was stored. What
        begins a stream is left out: nobody can know it yet. `tell` must not fail.
        """
        self._tell = tell

    async def close(self) -> None:
        """Finish what is being appended and give the connection back; call it before the pool is closed."""
        await self._appender.drain()
        if self._telling:
            await asyncio.wait(self._telling)

    async def _commit(self, prepared: Prepared, *, timeout_s: float) -> Outcome:
        if self._tell is None or not (changes := _changes(prepared.entry)):
            return await self._appender.append(prepared, timeout_s=timeout_s)
        task = asyncio.create_task(self._commit_and_tell(prepared, changes, self._tell, timeout_s), name="append")
        self._telling.add(task)
        task.add_done_callback(self._told)
        return await asyncio.shield(task)

    async def _commit_and_tell(
        self, prepared: Prepared, changes: Sequence[NewEvent], tell: Tell, timeout_s: float
    ) -> Outcome:
        try:
            outcome = await self._appender.append(prepared, timeout_s=timeout_s)
        except OutcomeUnknown:
            await tell(changes, 0)
            raise
        if outcome.verdict in {"committed", "repeated"}:
            await tell(changes, outcome.position)
        return outcome

    def _told(self, task: "asyncio.Task[Outcome]") -> None:
        self._telling.discard(task)
        if not task.cancelled():
            task.exception()  # whoever appended was told, unless they gave up

    async def _keys_for(self, entry: Entry) -> Keys:
        people = {person for new in entry.events for person in self._types.people(new.event)}
        return await self._keys.for_writing(people) if people and self._keys else {}

    def _claim_value(self, claim: Claim) -> str:
        if not claim.personal:
            return claim.value
        if self._keys is None:
            raise TypeError("a personal claim needs keys")
        return self._keys.claim_value(claim.kind, claim.value)

    async def _repeated(self, entry: Entry) -> Appended:
        """Say what the entry came to when it was first committed; that it was, no error may hide."""
        try:
            receipt = await self._reader.find_receipt(entry.receipt.command_id) if entry.receipt else None
            events = await self._reader.read_events(event_ids(entry))
        except Unavailable as error:
            raise OutcomeUnknown("the first outcome of a repeated command can't be read") from error
        if receipt and entry.receipt and receipt.digest != entry.receipt.digest:
            raise Invalid("this command id was used with another payload")
        position = receipt.position if receipt else events[-1].position if events else 0
        return Appended(position, tuple(events), receipt)

    def _wake(self, position: int) -> None:
        for wake in self._wakes:
            wake(position)


def _changes(entry: Entry) -> Sequence[NewEvent]:
    """Return the events on streams that existed before the entry."""
    known = {each.stream for each in entry.expected if each.version}
    return [new for new in entry.events if new.stream in known]
