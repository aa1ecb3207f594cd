"""A consumer's effect as events of our own: they and the consumer's row are one entry of the store."""

from collections.abc import Sequence
from typing import Final
from uuid import uuid5

from shared.auth import service_principal
from shared.errors import Unavailable, WrongExpectedVersion
from shared.followers.batch import Culprit, Elsewhere
from shared.followers.consumer import Effect, EntryEffect
from shared.followers.failures import passes
from shared.followers.published import Published
from shared.followers.source_row import Place, SourceRow
from shared.messages import Metadata
from shared.store.events import EventStore
from shared.store.model import Entry, PgPool, SourceMark
from shared.telemetry import caused_by

_RACES: Final = 3


class EntriesTaker:
    """Takes events one by one, each by at most one entry.

    The entry's id derives from the event's, so the store recognises it, whoever appends it and however often.
    """

    def __init__(self, service: str, effect: EntryEffect, row: SourceRow, *, store: EventStore, pool: PgPool) -> None:
        self._service = service
        self._effect = effect
        self._row = row
        self._store = store
        self._pool = pool

    async def take(self, place: Place, events: Sequence[Published]) -> Place:
        """Give `events`, which come right behind `place`, their effect; raise Elsewhere when another was first."""
        parked = await self._row.parked(self._pool)
        for event in events:
            if event.stream in parked:
                place = await self._skip(place, event)
                continue
            try:
                place = await self._give(place, event)
            except Culprit as culprit:
                place = await self._park(place, event, culprit.failure)
                parked.add(event.stream)
        return await self._over(place, events[-1].position)

    async def replay(self, stream: str, backlog: Sequence[Published], *, last: int) -> bool | None:
        """Give a parked stream's backlog its effect; False where one fails again, None where more wait by now."""
        for event in backlog:
            try:
                await self._append(event, None)
            except Exception as error:
                if passes(error):
                    raise
                async with self._pool.acquire() as connection, connection.transaction():
                    await self._row.park(connection, event, error)
                return False
        async with self._pool.acquire() as connection, connection.transaction():
            return await self._row.unpark(connection, stream, last=last) or None

    async def _give(self, place: Place, event: Published) -> Place:
        """Return the place behind the event, or the old one if the event had no effect."""
        mark = SourceMark(self._row.name, place.epoch, place.position, event.position)
        try:
            with caused_by(correlation_id=event.metadata.correlation_id, message_id=event.metadata.message_id):
                return place.at(event.position) if await self._append(event, mark) else place
        except Exception as error:
            if passes(error) or isinstance(error, Elsewhere):
                raise
            raise Culprit(error) from error

    async def _append(self, event: Published, mark: SourceMark | None) -> bool:
        for _ in range(_RACES):
            effect = await self._effect(event)
            if effect is None:
                return False
            try:
                await self._store.append(self._entry(event, effect, mark))
            except WrongExpectedVersion:
                if mark is not None:
                    await self._check(mark)
            else:
                return True
        raise Unavailable(f"lost {_RACES} races for the effect of event {event.position} of {event.source}")

    def _entry(self, event: Published, effect: Effect, mark: SourceMark | None) -> Entry:
        principal = service_principal(self._service)
        metadata = Metadata(
            message_id=uuid5(event.event_id, f"{self._service}/{self._row.name}"),
            correlation_id=event.metadata.correlation_id,
            causation_id=event.metadata.message_id,
            traceparent=event.metadata.traceparent,
            subject=principal.subject,
            kind=principal.kind.value,
            credential=event.metadata.credential,
        )
        return Entry(
            expected=effect.expected,
            events=effect.events,
            metadata=metadata,
            take=effect.take,
            release=effect.release,
            source=mark,
        )

    async def _check(self, mark: SourceMark) -> None:
        """Find out whose race was lost: another replica's, or only one for a stream."""
        present = await self._row.place()
        at = present.position if present else 0
        if at > mark.seen:
            raise Elsewhere(at)
        if at < mark.seen:  # an entry was known to the store from before, so its mark was not taken
            async with self._pool.acquire() as connection, connection.transaction():
                await self._row.move(connection, at, Place(mark.epoch, mark.seen))

    async def _skip(self, place: Place, event: Published) -> Place:
        async with self._pool.acquire() as connection, connection.transaction():
            await self._row.skip(connection, [event])
            await self._row.move(connection, place.position, place.at(event.position))
        return place.at(event.position)

    async def _park(self, place: Place, event: Published, error: Exception) -> Place:
        async with self._pool.acquire() as connection, connection.transaction():
            await self._row.park(connection, event, error)
            await self._row.move(connection, place.position, place.at(event.position))
        return place.at(event.position)

    async def _over(self, place: Place, position: int) -> Place:
        """Move the row over events that had no effect."""
        if place.position == position:
            return place
        async with self._pool.acquire() as connection, connection.transaction():
            await self._row.move(connection, place.position, place.at(position))
        return place.at(position)
