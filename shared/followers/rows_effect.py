"""A consumer's effect as rows: its SQL and the consumer's row are one transaction."""

from collections.abc import Sequence

from shared.followers.batch import Culprit, attempt
from shared.followers.consumer import RowsEffect
from shared.followers.failures import passes
from shared.followers.published import Published
from shared.followers.source_row import Place, SourceRow
from shared.store.model import PgConnection, PgPool


class RowsTaker:
    """Takes events by giving several at once to an effect that writes rows."""

    def __init__(self, effect: RowsEffect, row: SourceRow, pool: PgPool) -> None:
        self._effect = effect
        self._row = row
        self._pool = pool

    async def take(self, place: Place, events: Sequence[Published]) -> Place:
        """Give `events`, which come right behind `place`, their effect; raise Elsewhere when another was first."""
        reached = place.at(events[-1].position)
        async with self._pool.acquire() as connection:
            try:
                async with connection.transaction():
                    await self._together(connection, events)
                    await self._row.move(connection, place.position, reached)
            except Culprit:
                async with connection.transaction():
                    await self._one_by_one(connection, events)
                    await self._row.move(connection, place.position, reached)
        return reached

    async def replay(self, stream: str, backlog: Sequence[Published], *, last: int) -> bool | None:
        """Give a parked stream's backlog its effect; False where one fails again, None where more wait by now."""
        async with self._pool.acquire() as connection, connection.transaction():
            first, _ = await self._row.backlog(connection, stream)
            for event in backlog:
                error = await self._try(connection, event) if event.position >= first else None
                if error is not None:
                    await self._row.park(connection, event, error)
                    return False
            return await self._row.unpark(connection, stream, last=last) or None

    async def _together(self, connection: PgConnection, events: Sequence[Published]) -> None:
        parked = await self._row.parked(connection)
        await self._row.skip(connection, [event for event in events if event.stream in parked])
        live = [event for event in events if event.stream not in parked]
        try:
            if live:
                await self._effect(connection, live)
        except Exception as error:
            if passes(error):
                raise
            raise Culprit(error) from error

    async def _one_by_one(self, connection: PgConnection, events: Sequence[Published]) -> None:
        parked = await self._row.parked(connection)
        for event in events:
            if event.stream in parked:
                await self._row.skip(connection, [event])
            elif error := await self._try(connection, event):
                await self._row.park(connection, event, error)
                parked.add(event.stream)

    async def _try(self, connection: PgConnection, event: Published) -> Exception | None:
        async def one() -> None:
            await self._effect(connection, [event])

        return await attempt(connection, one)
