"""How long a client may leave what it is sent unread."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import ClientConnectionResetError


class Patience:
    """Gives a client up that takes nothing for `most_s` while something waits for it.

    One timer serves all frames of a socket: most are gone at once, and a timer for each takes as long as its sending.
    """

    def __init__(self, most_s: Callable[[], float], give_up: Callable[[], None]) -> None:
        self._most_s = most_s
        self._give_up = give_up
        self._loop = asyncio.get_running_loop()
        self._waiting = 0
        self._since = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._given_up = False

    async def wait(self, sending: Awaitable[None]) -> None:
        """Return when it is sent; raises ClientConnectionResetError where the client has been given up."""
        if not self._waiting:
            self._since = self._loop.time()
        self._waiting += 1
        if self._timer is None:
            self._timer = self._loop.call_later(self._most_s(), self._look)
        try:
            await sending
        finally:
            self._waiting -= 1
            if self._waiting:
                self.moves()
        if self._given_up:
            raise ClientConnectionResetError("the client does not read")

    def moves(self) -> None:
        """Hear that the client takes something."""
        self._since = self._loop.time()

    def end(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        self._timer = None
        if not self._waiting:
            return
        left_s = self._since + self._most_s() - self._loop.time()
        if left_s > 0:
            self._timer = self._loop.call_later(left_s, self._look)
        else:
            self._given_up = True
            self._give_up()
