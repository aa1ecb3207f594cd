"""Lanes: how many messages of a kind are worked on at once, and how many may wait."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from shared.errors import Unavailable
from shared.telemetry import DROPPED, IN_WORK


class Lane:
    """A bounded queue before a bounded number of places."""

    def __init__(self, name: str, *, running: int, waiting: int) -> None:
        self.name = name
        self._places = asyncio.Semaphore(running)
        self._most = running + waiting
        self._admitted = 0

    def admit(self) -> None:
        """Take a message in; raise Unavailable at once when the lane is full."""
        if self._admitted >= self._most:
            DROPPED.labels(self.name, "full").inc()
            raise Unavailable("too much work at the moment")
        self._admitted += 1
        IN_WORK.labels(self.name).set(self._admitted)

    @asynccontextmanager
    async def place(self) -> AsyncGenerator[None]:
        """Run the block in a place of this lane, for a message that was admitted; it is gone afterwards."""
        try:
            async with self._places:
                yield
        finally:
            self._admitted -= 1
            IN_WORK.labels(self.name).set(self._admitted)
