"""The loop of a consumer: the order of the events, gaps, epochs, and the replay of what was parked."""

import logging
from collections.abc import Sequence
from typing import Final

from shared.bus.kernel import PublishedEvents
from shared.errors import Unavailable
from shared.followers.batch import Elsewhere
from shared.followers.consumer import Consumer
from shared.followers.entries_effect import EntriesTaker
from shared.followers.feed import Feed
from shared.followers.leadership import Lead, lead
from shared.followers.loops import Loop
from shared.followers.published import Published
from shared.followers.rows_effect import RowsTaker
from shared.followers.settings import FollowerSettings
from shared.followers.source_row import Place, SourceRow
from shared.followers.wire import Wire
from shared.store.events import EventStore
from shared.store.model import PgPool

log = logging.getLogger(__name__)

_AT_ONCE: Final = 200


class Intake(Loop):
    """Takes in the events of one source.

    JetStream only wakes and caches: an event counts when it comes right behind the consumer's row, in the row's epoch.
    Whatever is missing is asked of the source: at the first start, and when nothing has come for a while.
    """

    def __init__(
        self,
        service: str,
        consumer: Consumer,
        *,
        store: EventStore,
        pool: PgPool,
        wire: Wire,
        settings: FollowerSettings,
    ) -> None:
        super().__init__(consumer.follower)
        self.head = 0  # of the source, as far as it has told
        self._source = consumer.source
        self._pool = pool
        self._settings = settings
        self._row = SourceRow(consumer, pool)
        self._taker = _taker(service, consumer, self._row, store=store, pool=pool)
        self._feed = Feed(service, consumer.source, wire=wire, wake=self.wake)

    async def once(self) -> None:
        """Take in events for as long as we lead."""
        async with lead(self._pool, self.name) as leading:
            if leading is None:
                await self.pause(self._settings.poll.total_seconds())
                return
            try:
                await self._follow(leading)
            except Elsewhere:
                log.info("another replica has taken these events", extra={"follower": self.name})
            finally:
                await self._feed.close()

    async def _follow(self, leading: Lead) -> None:
        place = await self._row.place() or await self._ask(None, urgent=False)
        while not self.stopping:
            await leading.confirm()
            if place is not None:
                await self._feed.open((place.epoch, place.position))
            heard = await self.wake.wait(self._settings.poll)
            following, complete = behind(place, self._feed.taken(_AT_ONCE))
            if place is not None and following:
                place = await self._taker.take(place, following)
            if not complete or not heard:
                place = await self._ask(place, urgent=not complete)

    async def _ask(self, place: Place | None, *, urgent: bool) -> Place | None:
        """Ask the source for what is missing; unless it is `urgent`, a source that does not answer is no error."""
        try:
            return await self._fill(place)
        except Unavailable:
            if urgent:
                raise
            return place

    async def _fill(self, place: Place | None) -> Place | None:
        while not self.stopping:
            epoch = place.epoch if place else None
            page = await self._feed.page(after=place.position if place else 0, epoch=epoch)
            self.head = page.head
            if place is None or page.epoch != place.epoch:
                place = await self._enter(place, page)
                continue
            self._check(place, page)
            if not page.events:
                break
            place = await self._taker.take(place, self._feed.of(page))
            await self._feed.close()  # it should have told: open it anew
            if place.position >= page.head:
                break
        return place

    async def _enter(self, place: Place | None, page: PublishedEvents) -> Place:
        if place is None:
            return await self._row.enter(None, Place(page.epoch, 0))
        position = min(place.position, page.since)
        told = {"source": self._source, "epoch": str(page.epoch), "seen": place.position, "position": position}
        log.warning("source has begun a new epoch", extra=told)
        return await self._row.enter(place, Place(page.epoch, position))

    def _check(self, place: Place, page: PublishedEvents) -> None:
        if page.head < place.position:
            log.error("source behind us", extra={"source": self._source, "head": page.head, "position": place.position})
            raise Unavailable(f"{self._source} was restored to an earlier point without a new epoch")

    async def replay(self, stream: str) -> bool:
        """Give the backlog of a parked stream its effect and unpark it; False where it failed again.

        Raises NotFound where it is not parked, Unavailable when the source does not answer.
        """
        outcome = None
        while outcome is None:
            async with self._pool.acquire() as connection:
                first, last = await self._row.backlog(connection, stream)
            backlog = await self._backlog(stream, first, last)
            outcome = await self._taker.replay(stream, backlog, last=last)
        return outcome

    async def _backlog(self, stream: str, first: int, last: int) -> list[Published]:
        place, after = await self._row.place(), first - 1
        found: list[Published] = []
        while after < last:
            page = await self._feed.page(after=after, epoch=place.epoch if place else None)
            events = [event for event in self._feed.of(page) if event.position <= last]
            if not events:
                break
            found += [event for event in events if event.stream == stream]
            after = events[-1].position
        return found


def behind(place: Place | None, events: Sequence[Published]) -> tuple[list[Published], bool]:
    """Return those of `events` that come right behind `place`, and whether nothing is missing before the others."""
    following: list[Published] = []
    at = place.position if place else 0
    for event in events:
        if place is None or event.epoch != place.epoch or event.prevposition > at:
            return following, False
        if event.position > at:
            following.append(event)
            at = event.position
    return following, True


def _taker(
    service: str, consumer: Consumer, row: SourceRow, *, store: EventStore, pool: PgPool
) -> RowsTaker | EntriesTaker:
    if consumer.rows is not None:
        return RowsTaker(consumer.rows, row, pool)
    assert consumer.entries is not None
    return EntriesTaker(service, consumer.entries, row, store=store, pool=pool)
