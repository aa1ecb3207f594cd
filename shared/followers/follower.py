"""The loop of one projection or policy: reads behind its checkpoint, applies in batches, shares with other replicas."""

import logging
from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import Final

from shared.followers.batch import Culprit, Elsewhere, Follower, Item, Place, take_batch
from shared.followers.failures import Backoff
from shared.followers.loops import Loop
from shared.followers.reading import ReadAhead
from shared.followers.settings import FollowerSettings
from shared.store.events import EventStore
from shared.store.model import PgPool

log = logging.getLogger(__name__)

_BUSY_S: Final = 0.02
_POSITION: Final = "select position from public.checkpoints where name = $1"


class Step(Enum):
    """What came of one look at the store."""

    MORE = auto()
    CAUGHT_UP = auto()
    BUSY = auto()  # another replica is at it


class FollowerLoop(Loop):
    """Keeps one follower up with the store."""

    def __init__(
        self,
        follower: Follower,
        *,
        store: EventStore,
        pool: PgPool,
        settings: FollowerSettings,
        moved: Callable[[str, Place], None],
    ) -> None:
        """Take the follower; `moved` is called with its name and its new place after each batch."""
        super().__init__(follower.name)
        self.follower = follower
        self._reader = ReadAhead(store, limit=settings.batch)
        self._pool = pool
        self._settings = settings
        self._moved = moved
        self._seen: int | None = None  # None: to be asked from the database
        self._alone = True  # as far as we know, no other replica moves this follower
        self._busy = Backoff(first_s=_BUSY_S, longest_s=settings.poll.total_seconds())

    async def once(self) -> None:
        """Apply what there is, then wait."""
        if not self._alone:  # whoever was first goes on; we only look whether it has
            await self.pause(_BUSY_S)
            self._seen = None
        try:
            step = Step.MORE
            while step is Step.MORE and not self.stopping:
                step = await self.step()
        except BaseException:
            self._seen = None
            raise
        if step is Step.BUSY:
            await self.pause(self._busy.next_s())
        else:
            self._busy.reset()
            await self.wake.wait(self._settings.poll)

    async def step(self) -> Step:
        """Apply one batch."""
        if self._seen is None:
            self._seen = int(await self._pool.fetchval(_POSITION, self.name) or 0)
        items = await self._reader.read(self._seen)
        if not items:
            return Step.CAUGHT_UP
        try:
            place = await self._take(items, self._seen)
        except Elsewhere as other:
            self._alone = False
            self._seen = other.position
            return Step.BUSY if other.position is None else Step.MORE
        self._alone = True
        self._seen = place.position
        log.debug("batch applied", extra={"follower": self.name, "position": place.position, "events": len(items)})
        self._moved(self.name, place)
        return Step.MORE

    async def _take(self, items: Sequence[Item], seen: int) -> Place:
        async with self._pool.acquire() as connection:
            try:
                async with connection.transaction():
                    return await take_batch(connection, self.follower, items, seen=seen, carefully=False)
            except Culprit:
                async with connection.transaction():
                    return await take_batch(connection, self.follower, items, seen=seen, carefully=True)
