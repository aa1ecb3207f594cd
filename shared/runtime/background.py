"""Background tasks of a process: run until they are cancelled, started again after a failure."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

log = logging.getLogger(__name__)

_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 30.0
_CANCEL_AGAIN_S: Final = 2.0

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
        await end_tasks(self._tasks)
        self._tasks.clear()


async def end_tasks(tasks: Iterable[asyncio.Task[None]], *, again_s: float = _CANCEL_AGAIN_S) -> None:
    """Cancel tasks and wait until they are gone, however they end.

    Before Python 3.12 `wait_for`, which the client of NATS is built on, loses a cancellation that comes together with
    its result; so a task that goes on is cancelled again after `again_s`, which has to suffice for its cleaning up.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=again_s)


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
