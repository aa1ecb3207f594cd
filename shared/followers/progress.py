"""Waiting for read models: where the projections and consumers of a service stand, in all replicas together."""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from shared.followers.batch import Place
from shared.followers.failures import describe, passes
from shared.sqlfile import load_queries
from shared.store.model import PgPool

log = logging.getLogger(__name__)

_PLACES: Final = load_queries(Path(__file__).parent.parent / "sql" / "followers.sql")["places"]
_FIRST_LOOK_S: Final = 0.01
_LONGEST_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Places:
    """Where everybody stood at one look into the database."""

    checkpoints: dict[str, int] = field(default_factory=dict[str, int])
    sources: dict[str, int] = field(default_factory=dict[str, int])
    parked: frozenset[tuple[str, str]] = frozenset()


class Progress:
    """Answers whether a position has been reached: from what this process has just done, else from the database.

    However many wait, the database is asked once at a time, and the less often the longer they wait.
    """

    def __init__(self, pool: PgPool) -> None:
        self._pool = pool
        self._places = Places()
        self._here: dict[str, Place] = {}
        self._moved = asyncio.Event()
        self._look: asyncio.Task[None] | None = None

    def moved(self, name: str, place: Place) -> None:
        """Note where a follower of this process has come to."""
        self._here[name] = place
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def wait_for(self, names: Sequence[str], *, position: int, stream: str, timeout_s: float) -> bool:
        """Say whether all of `names` have reached `position` in time; False at once where one has parked `stream`."""

        def here() -> bool:
            places = [self._here.get(name) for name in names]
            return all(place and place.position >= position and stream not in place.parked for place in places)

        def reached() -> bool | None:
            if stream and any((name, stream) in self._places.parked for name in names):
                return False
            return all(self._places.checkpoints.get(name, 0) >= position for name in names) or None

        return await self._until(here, reached, timeout_s)

    async def wait_for_source(self, names: Sequence[str], *, position: int, timeout_s: float) -> bool:
        """Say whether all consumers `names` have taken their source's events up to `position` in time."""

        def reached() -> bool | None:
            return all(self._places.sources.get(name, 0) >= position for name in names) or None

        return await self._until(lambda: False, reached, timeout_s)

    async def _until(self, here: Callable[[], bool], reached: Callable[[], bool | None], timeout_s: float) -> bool:
        end = time.monotonic() + timeout_s
        pause_s = _FIRST_LOOK_S
        while True:
            moved = self._moved
            if here():
                return True
            await self._look_once()
            answer = reached()
            left_s = end - time.monotonic()
            if answer is not None or left_s <= 0:
                return answer or False
            try:
                async with asyncio.timeout(min(left_s, pause_s)):
                    await moved.wait()
            except TimeoutError:
                pause_s = min(_LONGEST_S, pause_s * 2)

    async def _look_once(self) -> None:
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(self._read())
        await asyncio.shield(self._look)

    async def _read(self) -> None:
        try:
            row = await self._pool.fetchrow(_PLACES)
        except Exception as error:
            if not passes(error):
                raise
            log.warning("places not read", extra={"error": describe(error)})
            return
        assert row is not None
        parked = frozenset((follower, stream) for follower, stream in json.loads(row["parked"]))
        self._places = Places(json.loads(row["checkpoints"]), json.loads(row["sources"]), parked)
