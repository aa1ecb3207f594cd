"""The row of a consumer: how far it has taken its source's events, and which of the source's streams are parked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from shared.errors import NotFound
from shared.followers.batch import Elsewhere, park
from shared.followers.consumer import Consumer
from shared.followers.published import Published
from shared.store.model import PgConnection, PgPool

_ROW: Final = "select epoch, position from public.sources where source = $1"
_PARKED: Final = "select stream from public.parked_streams where follower = $1"
_SKIP: Final = "update public.parked_streams set last_skipped = $3 where follower = $1 and stream = $2 returning true"
_BACKLOG: Final = (
    "select position, greatest(position, last_skipped) as last from public.parked_streams"
    " where follower = $1 and stream = $2 for update"
)
_UNPARK: Final = (
    "delete from public.parked_streams where follower = $1 and stream = $2 and last_skipped <= $3 returning true"
)
_GO_ON: Final = "update public.parked_streams set position = $3 where follower = $1 and stream = $2"


@dataclass(frozen=True, slots=True)
class Place:
    """All events of the source up to `position` in `epoch` have had their effect, or are parked."""

    epoch: UUID
    position: int

    def at(self, position: int) -> "Place":
        """Return another place in the same epoch."""
        return Place(self.epoch, position)


class SourceRow:
    """Reads and moves the row of one consumer."""

    def __init__(self, consumer: Consumer, pool: PgPool) -> None:
        self.name = consumer.name
        self.follower = consumer.follower
        self._pool = pool

    async def place(self) -> Place | None:
        """Return where the consumer is, None before its first event."""
        found = await self._pool.fetchrow(_ROW, self.name)
        return Place(found["epoch"], found["position"]) if found else None

    async def move(self, connection: PgConnection, seen: int, place: Place) -> None:
        """Move the row in the caller's transaction; raise Elsewhere when it was not where it was seen."""
        if not await connection.fetchval(
            "select public.move_source($1, $2, $3, $4)", self.name, place.epoch, seen, place.position
        ):
            raise Elsewhere(None)

    async def enter(self, seen: Place | None, place: Place) -> Place:
        """Set the row anew: the first one, or that of a new epoch."""
        async with self._pool.acquire() as connection, connection.transaction():
            await self.move(connection, seen.position if seen else 0, place)
        return place

    async def parked(self, connection: PgConnection | PgPool) -> set[str]:
        """Return the parked streams."""
        return {found["stream"] for found in await connection.fetch(_PARKED, self.follower)}

    async def park(self, connection: PgConnection, event: Published, error: Exception) -> None:
        """Set the stream of `event` aside, in the transaction that moves the row over it."""
        await park(connection, self.follower, event, error)

    async def skip(self, connection: PgConnection, events: Sequence[Published]) -> None:
        """Leave events of parked streams for the replay, in the transaction that moves the row over them.

        Raises Elsewhere when a stream was unparked just now, so that the events are taken after all.
        """
        for event in events:
            if not await connection.fetchval(_SKIP, self.follower, event.stream, event.position):
                raise Elsewhere(None)

    async def backlog(self, connection: PgConnection, stream: str) -> tuple[int, int]:
        """Return the positions of the first and last event that wait, and hold the parked stream until the commit.

        Raises NotFound where it is not parked.
        """
        found = await connection.fetchrow(_BACKLOG, self.follower, stream)
        if found is None:
            raise NotFound(f"stream {stream} is not parked for {self.follower}")
        return found["position"], found["last"]

    async def unpark(self, connection: PgConnection, stream: str, *, last: int) -> bool:
        """Unpark a stream whose events up to `last` have had their effect; False where more have come to wait."""
        if await connection.fetchval(_UNPARK, self.follower, stream, last):
            return True
        await connection.execute(_GO_ON, self.follower, stream, last + 1)
        return False
