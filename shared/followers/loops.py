"""The loop that every follower, worker, publisher and consumer runs in: again and again, backing off on failure."""

import asyncio
import logging
from abc import ABC, abstractmethod
from datetime import timedelta
from typing import Final

from shared.followers.failures import Backoff, describe, passes

log = logging.getLogger(__name__)

_TOLD_EVERY: Final = 30  # failures in a row: about once a minute


class Wake:
    """A wake-up call that is never lost: one that comes while nobody waits ends the next wait at once."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """End the wait, the present one or the next."""
        self._event.set()

    async def wait(self, longest: timedelta) -> bool:
        """Wait for a call; False if none came in time."""
        try:
            async with asyncio.timeout(longest.total_seconds()):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True


class Loop(ABC):
    """Runs `once` until it is stopped; whatever that raises is told once and tried again after a growing wait."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.wake = Wake()
        self.stopping = False
        self._halt = Wake()
        self._task: asyncio.Task[None] | None = None

    @abstractmethod
    async def once(self) -> None:
        """Do what there is to do, then wait on `wake`, at most as long as the floor of polling."""

    async def pause(self, seconds: float) -> None:
        """Wait without listening to `wake`; a stop ends it."""
        await self._halt.wait(timedelta(seconds=seconds))

    def start(self) -> None:
        """Start to run, for the first time or again; returns at once."""
        self.stopping = False
        self._halt = Wake()
        self._task = asyncio.create_task(self._run(), name=self.name)

    async def stop(self, within: timedelta) -> None:
        """Let what is under way end, then stop; what takes longer than `within` is cancelled."""
        self.stopping = True
        self.wake.ring()
        self._halt.ring()
        if self._task is None:
            return
        done, _ = await asyncio.wait([self._task], timeout=within.total_seconds())
        if not done:
            log.warning("follower cancelled", extra={"follower": self.name, "after_s": within.total_seconds()})
            self._task.cancel()
            await asyncio.wait([self._task])
        self._task = None

    async def _run(self) -> None:
        backoff, failures = Backoff(), 0
        while not self.stopping:
            try:
                await self.once()
            except Exception as error:  # noqa: BLE001 -- the loop itself: told, then tried again
                delay_s = backoff.next_s()
                if failures % _TOLD_EVERY == 0:
                    self._tell(error, failures)
                failures += 1
                await self.pause(delay_s)
            else:
                if failures:
                    log.info("follower is back", extra={"follower": self.name, "failures": failures})
                    backoff, failures = Backoff(), 0

    def _tell(self, error: Exception, failures: int) -> None:
        told = {"follower": self.name, "failures": failures + 1, "error": describe(error)}
        if passes(error):
            log.warning("follower backs off", extra=told)
        else:
            log.error("follower failed", exc_info=error, extra=told)
