"""The publisher: copies the store's events to the JetStream stream of the service, which is only a cache."""

import logging
from typing import Final

from shared.errors import Unavailable
from shared.followers.leadership import Lead, lead
from shared.followers.loops import Loop
from shared.followers.published import chained, stream_name
from shared.followers.settings import FollowerSettings
from shared.followers.stream import End, EventStream
from shared.followers.wire import Wire
from shared.store.events import EventStore
from shared.store.model import Head, PgPool

log = logging.getLogger(__name__)

PUBLISHER: Final = "publisher"
_BATCH: Final = 500
_RECORDED_AT: Final = "select recorded_at < now() - $2::interval from public.events where position = $1"


class Publisher(Loop):
    """Keeps the stream equal to the end of the store.

    One replica leads, and every message names the sequence number it must follow, so that a former leader's late
    messages are refused. What the stream holds decides where to go on; what is missing there is published again. An
    event that cannot be read stops it: nothing is skipped.
    """

    def __init__(
        self, service: str, *, store: EventStore, pool: PgPool, wire: Wire, settings: FollowerSettings
    ) -> None:
        super().__init__(PUBLISHER)
        self._store = store
        self._pool = pool
        self._settings = settings
        stream = wire.stream(stream_name(service))
        self._stream = EventStream(service, stream, settings.stream)
        self._look_again = False
        self._noted = -1
        stream.on_connected(self._reconnected)

    async def once(self) -> None:
        """Publish for as long as we lead."""
        async with lead(self._pool, PUBLISHER) as leading:
            if leading is None:
                await self.pause(self._settings.poll.total_seconds())
            else:
                await self._publish(leading)

    async def _publish(self, leading: Lead) -> None:
        end, position, head = await self._look()
        while not self.stopping and not self._look_again:
            await leading.confirm()
            events = await self._store.read_all(after=position, limit=_BATCH)
            if events:
                end = await self._stream.append(end, list(chained(events, epoch=head.epoch, after=position)))
                position = events[-1].position
            if len(events) < _BATCH:
                await self._note(position)
                if await self._rewound() or not await self._wait(end, head):
                    return

    async def _wait(self, end: End, head: Head) -> bool:
        """Wait for news; False when the stream, or the epoch of the store, is no longer what it was."""
        if await self.wake.wait(self._settings.poll):
            return True
        return (await self._store.head()).epoch == head.epoch and await self._stream.stands_at(end)

    async def _look(self) -> tuple[End, int, Head]:
        """Return the end of the stream, the position to go on behind, and the head of the store."""
        self._look_again = False
        end, head = await self._stream.end(), await self._store.head()
        if end.place is not None and end.place[0] != head.epoch:
            log.warning("stream of another epoch emptied", extra={"epoch": str(head.epoch)})
            await self._stream.purge()
            end = await self._stream.end()
        position = await self._first_kept(head) if end.place is None else end.place[1]
        if position > head.position:
            log.error("store behind its stream", extra={"published": position, "position": head.position})
            raise Unavailable("the store was restored to an earlier point without a new epoch")
        log.info("publishing", extra={"position": position, "sequence": end.sequence})
        return end, position, head

    async def _first_kept(self, head: Head) -> int:
        """Return the last position that is too old for the stream, by halving: times rise with positions."""
        old, young = 0, head.position + 1
        while young - old > 1:
            middle = (old + young) // 2
            if await self._pool.fetchval(_RECORDED_AT, middle, self._settings.stream.age):
                old = middle
            else:
                young = middle
        return old

    async def _rewound(self) -> bool:
        """Do what republish() has asked for, if it has."""
        position = await self._pool.fetchval("select rewind_to from public.publishing")
        if position is None:
            return False
        await self._stream.purge()
        end, head = await self._stream.end(), await self._store.head()
        events = await self._store.read_all(after=position, limit=_BATCH)
        if events:
            await self._stream.append(end, list(chained(events, epoch=head.epoch, after=position)))
        await self._pool.execute(
            "update public.publishing set rewind_to = null, position = $1 where rewind_to = $1", position
        )
        self._noted = -1
        log.info("stream emptied on request", extra={"position": position})
        return True

    async def _note(self, position: int) -> None:
        if position != self._noted:
            await self._pool.execute("update public.publishing set position = $1", position)
            self._noted = position

    async def _reconnected(self) -> None:
        self._look_again = True
        self.wake.ring()
