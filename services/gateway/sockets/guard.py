"""Looks again at the caller of a socket whenever identity says that something about them has changed."""

import asyncio
import logging
from collections.abc import Callable
from enum import Enum, auto
from time import monotonic
from typing import Final

from services.gateway.callers import KEPT_S, Callers
from services.identity.contract import Authenticated
from shared.errors import AerodromeError, Unauthenticated
from shared.runtime.background import end_tasks

log: Final = logging.getLogger(__name__)

PAUSE_S: Final = 0.25


class Loss(Enum):
    """Why a socket has to end: its caller lost a right, or nobody could be asked whether they did."""

    RIGHT = auto()
    UNKNOWN = auto()


FAREWELLS: Final = {
    Loss.RIGHT: "your credential is not valid any more, or you lost a right",
    Loss.UNKNOWN: "it can't be asked right now who may read them, come back later",
}


class Guard:
    """Keeps a socket open for as long as its caller may do what they might; new rights change nothing."""

    def __init__(self, callers: Callers, token: str, caller: Authenticated, *, lost: Callable[[Loss], None]) -> None:
        self._callers = callers
        self._token = token
        self._caller = caller
        self._lost = lost
        self._task: asyncio.Task[None] | None = None
        self._again = False
        self.news = 0
        """How often there was news of the caller."""
        self._watch = callers.watch(caller.streams, self._look)

    async def end(self) -> None:
        """Look no more."""
        self._callers.unwatch(self._watch)
        if self._task:
            await end_tasks([self._task])

    def _look(self) -> None:
        self.news += 1
        self._again = True
        if self._task is None:
            self._task = asyncio.create_task(self._look_again(), name="socket guard")
            self._task.add_done_callback(self._looked)

    def _looked(self, task: "asyncio.Task[None]") -> None:
        self._task = None
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a socket can't be guarded any more", exc_info=error)

    async def _look_again(self) -> None:
        while self._again:
            self._again = False
            try:
                now = await self._asked()
            except Unauthenticated:
                self._lost(Loss.RIGHT)
                return
            except AerodromeError:
                self._lost(Loss.UNKNOWN)
                return
            if not now.principal.covers(self._caller.principal):
                self._lost(Loss.RIGHT)
                return
            self._go_on(now)

    async def _asked(self) -> Authenticated:
        """Return the caller as they are now; while identity is away, try for as long as an answer may be kept."""
        began = monotonic()
        while True:
            try:
                return await self._callers.find(self._token)
            except Unauthenticated:
                raise
            except AerodromeError:
                if monotonic() - began > KEPT_S:
                    raise
                await asyncio.sleep(PAUSE_S)

    def _go_on(self, now: Authenticated) -> None:
        self._caller = now
        if now.streams != self._watch.streams:
            self._callers.unwatch(self._watch)
            self._watch = self._callers.watch(now.streams, self._look)
