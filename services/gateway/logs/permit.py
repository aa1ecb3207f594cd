"""Whether a viewer may go on reading: asked anew after a while, and as soon as there is news of the viewer."""

import time
from collections.abc import Awaitable, Callable
from typing import Final

REAUTHORIZE_S: Final = 5.0
"""How long a viewer may go on without being asked for anew."""


class Permit:
    """What a viewer was allowed; `allowed` raises what forbids it, `news` counts what was heard of the viewer.

    It holds for `every_s`, 5 s by default.
    """

    def __init__(
        self, allowed: Callable[[], Awaitable[None]], news: Callable[[], int], *, every_s: float | None = None
    ) -> None:
        self._allowed = allowed
        self._news = news
        self._every_s = every_s or REAUTHORIZE_S
        self._asked_at = time.monotonic()
        self._known = news()

    async def renew(self) -> None:
        """Ask again if there was news or the last answer is too old; raises what `allowed` raises."""
        heard = self._news()
        if heard == self._known and time.monotonic() - self._asked_at < self._every_s:
            return
        await self._allowed()
        self._asked_at, self._known = time.monotonic(), heard
