"""Reads of the event store: streams, all events, receipts, claims and the head."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from asyncpg import Record

from shared.errors import Invalid
from shared.store.codec import EventTypes, Keys
from shared.store.connections import fetch
from shared.store.model import Head, PgPool, Receipt, Recorded
from shared.store.personal import PersonalKeys

_STREAM: Final = """
select position, stream, version, event_id, type_name, schema_version, data, metadata, hash, recorded_at
from public.events where stream = $1 and version > $2 order by version"""
_ALL: Final = """
select position, stream, version, event_id, type_name, schema_version, data, metadata, hash, recorded_at
from public.events where position > $1 order by position limit $2"""
_BY_ID: Final = """
select position, stream, version, event_id, type_name, schema_version, data, metadata, hash, recorded_at
from public.events where event_id = any($1) order by position"""


class EventReader:
    """Reads and decodes what is stored, over one pool."""

    def __init__(self, pool: PgPool, types: EventTypes, keys: PersonalKeys | None) -> None:
        self._pool = pool
        self._types = types
        self._keys = keys

    async def read_stream(self, stream: str, *, after: int) -> list[Recorded]:
        """Return the events of a stream with a version > `after`, by version."""
        return await self._decode(await fetch(self._pool, _STREAM, stream, after))

    async def read_all(self, *, after: int, limit: int) -> list[Recorded]:
        """Return at most `limit` events behind the position `after`, by position."""
        return await self._decode(await fetch(self._pool, _ALL, after, limit))

    async def read_events(self, event_ids: Sequence[UUID]) -> list[Recorded]:
        """Return the events with these ids, as far as they are stored, by position."""
        return await self._decode(await fetch(self._pool, _BY_ID, event_ids))

    async def find_receipt(self, command_id: UUID) -> Receipt | None:
        """Return the receipt of a command, None where there is none."""
        rows = await fetch(
            self._pool, "select digest, outcome, position from public.receipts where command_id = $1", command_id
        )
        return Receipt(command_id, rows[0][0], rows[0][1], rows[0][2]) if rows else None

    async def claim_holder(self, kind: str, value: str) -> str | None:
        """Return the stream that holds a claim, by its value as stored."""
        rows = await fetch(self._pool, "select stream from public.claims where kind = $1 and value = $2", kind, value)
        return rows[0][0] if rows else None

    async def head(self) -> Head:
        """Return the end of the store."""
        rows = await fetch(self._pool, "select epoch, position, count, hash from public.store_head")
        return Head(*rows[0])

    async def _decode(self, rows: Sequence[Record]) -> list[Recorded]:
        people = self._types.sealed_for(rows)
        if people and self._keys is None:
            raise Invalid("events hold personal data, and this process was given no master key")
        keys: Keys = await self._keys.for_reading(people) if people and self._keys else {}
        decode = self._types.decode
        return [decode(row, keys) for row in rows]
