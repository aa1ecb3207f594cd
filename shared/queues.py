"""Queues of one process: commands on one stream wait for each other instead of losing races."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from weakref import WeakValueDictionary


class Turn:
    """The place that one command holds in at most one queue, so that no two commands can block each other."""

    def __init__(self, queues: "Queues", stack: AsyncExitStack) -> None:
        self._queues = queues
        self._stack = stack
        self._held = False

    async def take(self, stream: str) -> None:
        """Wait for the turn on `stream`; nothing if this command holds a place already."""
        if not self._held:
            self._held = True
            await self._stack.enter_async_context(self._queues.lock(stream))

    async def meets_others(self, stream: str) -> bool:
        """Say whether others are busy on `stream`; if so, wait for the turn first."""
        if self._held or not self._queues.busy(stream):
            return False
        await self.take(stream)
        return True


class Queues:
    """One queue a stream, there for as long as somebody is in it."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def enter(self, stream: str) -> AsyncGenerator[Turn]:
        """Run the block with a turn, taken at once where `stream` is named; it ends with the block."""
        async with AsyncExitStack() as stack:
            turn = Turn(self, stack)
            if stream:
                await turn.take(stream)
            yield turn

    def busy(self, stream: str) -> bool:
        """Say whether a command holds the turn on `stream`."""
        lock = self._locks.get(stream)
        return lock is not None and lock.locked()

    def lock(self, stream: str) -> asyncio.Lock:
        """Return the lock of `stream`; whoever holds or awaits it keeps it alive."""
        lock = self._locks.get(stream)
        if lock is None:
            lock = self._locks[stream] = asyncio.Lock()
        return lock
