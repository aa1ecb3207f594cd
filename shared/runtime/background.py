"""Background tasks of a process: run until they are cancelled, started again after a failure."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

log = logging.getLogger(__name__)

_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 30.0

Task = Callable[[], Awaitable[None]]


class Background:
    """The background tasks of one process."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, name: str, task: Task) -> None:
        """Run `task` in the background; if it fails, that is told and it is started again with backoff."""
        self._tasks.add(asyncio.get_running_loop().create_task(_keep(name, task), name=name))

    async def stop(self) -> None:
        """Cancel all of them and wait until they are gone."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()


async def every(seconds: float, call: Callable[[], Awaitable[object]]) -> None:
    """Call `call` now and then every `seconds`, for ever."""
    while True:
        await call()
        await asyncio.sleep(seconds)


async def _keep(name: str, task: Task) -> None:
    pause_s = _FIRST_PAUSE_S
    while True:
        try:
            await task()
        except Exception:  # a worker's loop: told, then tried again
            log.exception("a background task failed and starts again", extra={"task": name})
        else:
            return
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
