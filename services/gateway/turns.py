"""Turns for commands that check or set a password: a few at once, the others wait here."""

import asyncio
import os
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from shared.errors import Unavailable

AT_ONCE: Final = max(8, 2 * (os.cpu_count() or 1))
"""Enough that identity's hashing threads never idle; more would only stand in the way of other requests."""

MOST_WAITING: Final = 400
"""At 30 ms each that is as long as a sign-in may take."""


class Turns:
    """The turns of one gateway: sources take them in rotation, each in the order of asking.

    So who sends many commands waits for themself, and others hardly longer. When too many wait, the latest of the
    source with the most is sent away.
    """

    def __init__(self, *, at_once: int = AT_ONCE, most_waiting: int = MOST_WAITING) -> None:
        self._free = at_once
        self._most_waiting = most_waiting
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def one(self, source: str = "") -> AsyncGenerator[None]:
        """Wait for a turn and keep it while the block runs; raise Unavailable when too many wait."""
        if self._free:
            self._free -= 1
        else:
            await self._wait(source)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, source: str) -> None:
        self._make_room(source)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(source, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            self._leave(source, turn)
            raise

    def _make_room(self, source: str) -> None:
        """Send somebody away where too many wait: the latest of another source with more, else who has just come."""
        if sum(map(len, self._waiting.values())) < self._most_waiting:
            return
        most = max(self._waiting, key=lambda each: len(self._waiting[each]), default=source)
        error = Unavailable("too many passwords are waiting to be checked")
        if len(self._waiting.get(most, ())) <= len(self._waiting.get(source, ())) + 1:
            raise error
        latest = self._waiting[most].pop()
        if not latest.done():
            latest.set_exception(error)

    def _pass_on(self) -> None:
        """Give a turn to the source whose last one is longest ago, or keep it for who comes."""
        while self._waiting:
            source, queue = self._waiting.popitem(last=False)
            turn = queue.popleft()
            if queue:
                self._waiting[source] = queue
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    def _leave(self, source: str, turn: "asyncio.Future[None]") -> None:
        if turn.done() and not turn.cancelled() and turn.exception() is None:
            self._pass_on()  # it came as we left
        queue = self._waiting.get(source, deque())
        if turn in queue:
            queue.remove(turn)
        if not queue:
            self._waiting.pop(source, None)
