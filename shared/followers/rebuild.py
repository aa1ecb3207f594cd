"""Rebuilds a projection beside the running one, which goes on until the swap; in any process."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

from asyncpg import LockNotAvailableError

from shared.errors import Rejected, Unavailable
from shared.followers.batch import Culprit, Follower, Place, open_batch, take_batch
from shared.followers.follower import FollowerLoop, Step
from shared.followers.reading import read_items
from shared.followers.settings import FollowerSettings
from shared.store.events import EventStore
from shared.store.model import PgConnection, PgPool

log = logging.getLogger(__name__)

_HOLD_MS: Final = 5000  # how long a running batch of the follower is waited for
_TABLE_LOCK_MS: Final = 1000  # how long readers may be made to wait behind the swap
_TRIES: Final = 30
_PAUSE_POLLS: Final = 1.5
"""Polls between two tries, so that the running follower, which looks at least once a poll, gets its turn."""

_BEHIND: Final = """
select coalesce(max(position) filter (where name = $1), 0) - coalesce(max(position) filter (where name = $2), 0)
from public.checkpoints"""


class Rebuild:
    """One rebuild of a projection."""

    def __init__(
        self,
        follower: Follower,
        tables: tuple[str, ...],
        *,
        store: EventStore,
        pool: PgPool,
        settings: FollowerSettings,
    ) -> None:
        self._follower = follower
        self._tables = list(tables)
        shadow = f"rebuild_{follower.name}"
        self._shadow = replace(follower, name=shadow, schema=shadow)
        self._store = store
        self._pool = pool
        self._settings = settings

    async def run(self) -> int:
        """Fill copies from position 0, catch up, swap, and return the position reached."""
        async with self._alone():
            await self._pool.execute("select begin_rebuild($1, $2)", self._follower.name, self._tables)
            for _ in range(_TRIES):
                await self._catch_up()
                position = await self._swap()
                if position is not None:
                    log.info("projection rebuilt", extra={"follower": self._follower.name, "position": position})
                    return position
                await asyncio.sleep(_PAUSE_POLLS * self._settings.poll.total_seconds())
        raise Unavailable(f"readers held the tables of {self._follower.name}; nothing was swapped")

    @asynccontextmanager
    async def _alone(self) -> AsyncGenerator[None]:
        async with self._pool.acquire() as connection:
            name = f"rebuild {self._follower.name}"
            if not await connection.fetchval("select pg_try_advisory_lock(hashtextextended($1, 0))", name):
                raise Rejected(f"{self._follower.name} is being rebuilt already")
            yield  # the lock ends with the connection's return to the pool

    async def _catch_up(self) -> None:
        """Apply batch after batch until the copies are as far as the running tables, or nearly so."""

        def moved(_name: str, _place: Place) -> None:
            """Nobody waits for a copy."""

        loop = FollowerLoop(self._shadow, store=self._store, pool=self._pool, settings=self._settings, moved=moved)
        while await loop.step() is Step.MORE:
            if await self._pool.fetchval(_BEHIND, self._follower.name, self._shadow.name) < self._settings.batch:
                return

    async def _swap(self) -> int | None:
        """Hold the running follower, apply the last few events, and swap; None when readers were in the way."""
        async with self._pool.acquire() as connection:
            try:
                async with connection.transaction():
                    await connection.execute("select hold_follower($1, $2)", self._follower.name, _HOLD_MS)
                    await self._last_few(connection)
                    await connection.execute("select set_config('lock_timeout', $1, true)", str(_TABLE_LOCK_MS))
                    return int(
                        await connection.fetchval("select end_rebuild($1, $2)", self._follower.name, self._tables)
                    )
            except LockNotAvailableError:
                return None

    async def _last_few(self, connection: PgConnection) -> None:
        running = (await open_batch(connection, self._follower)).position
        seen = (await open_batch(connection, self._shadow)).position
        while seen < running:
            items = await read_items(self._store, after=seen, limit=self._settings.batch)
            try:
                async with connection.transaction():
                    place = await take_batch(connection, self._shadow, items, seen=seen, carefully=False)
            except Culprit:
                place = await take_batch(connection, self._shadow, items, seen=seen, carefully=True)
            seen = place.position


async def digest(pool: PgPool, tables: tuple[str, ...]) -> str:
    """Return what is the same for the same rows of the running tables, in whatever order they lie."""
    return str(await pool.fetchval("select digest_rows('read', $1)", list(tables)))
