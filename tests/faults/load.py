"""A stream of commands with a record of what was acknowledged, to compare with what is there afterwards."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from itertools import count, pairwise
from typing import Self, TypeVar
from uuid import uuid4

import aiohttp

from tests.acceptance.client import GraphQLFailed

T = TypeVar("T")
REFUSED_PAUSE_S = 0.02
UNANSWERED_PAUSE_S = 0.05


@dataclass
class Load:
    """Writers that name each thing they ask for; a name is asked for once.

    `acknowledged` were answered with success and the id that is kept there, `refused` with an error, `unanswered` not
    at all. `answered_at` holds the monotonic time in s of every success. All names begin with `name`.
    """

    ask: Callable[[str], Awaitable[str]]
    writers: int = 4
    name: str = field(default_factory=lambda: f"load-{uuid4().hex[:8]}-")
    acknowledged: dict[str, str] = field(default_factory=dict[str, str])
    refused: dict[str, str] = field(default_factory=dict[str, str])
    unanswered: list[str] = field(default_factory=list[str])
    answered_at: list[float] = field(default_factory=list[float])
    stopping: bool = False

    async def _write(self, writer: int) -> None:
        for number in count():
            if self.stopping:
                return
            name = f"{self.name}w{writer}-n{number}"
            try:
                id_ = await self.ask(name)
            except GraphQLFailed as failed:
                self.refused[name] = failed.codes[0]
                await asyncio.sleep(REFUSED_PAUSE_S)
            except (aiohttp.ClientError, TimeoutError, OSError):
                self.unanswered.append(name)
                await asyncio.sleep(UNANSWERED_PAUSE_S)
            else:
                self.acknowledged[name] = id_
                self.answered_at.append(time.monotonic())

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._write(writer)) for writer in range(self.writers)]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.stopping = True
        await asyncio.gather(*self._tasks)

    async def more(self, successes: int, *, timeout_s: float = 60) -> None:
        """Wait until `successes` more commands have been acknowledged."""
        goal = len(self.acknowledged) + successes
        await self._until(lambda: len(self.acknowledged) >= goal, timeout_s)

    async def more_failures(self, failures: int, *, timeout_s: float = 60) -> None:
        """Wait until `failures` more commands were refused or stayed without an answer."""
        goal = self.failures + failures
        await self._until(lambda: self.failures >= goal, timeout_s)

    @property
    def failures(self) -> int:
        """Return how many commands were not acknowledged."""
        return len(self.refused) + len(self.unanswered)

    def own(self, things: Mapping[str, T]) -> dict[str, T]:
        """Return those of the things by name that this load asked for."""
        return {name: thing for name, thing in things.items() if name.startswith(self.name)}

    async def ask_again(self) -> int:
        """Ask once more for all that was not acknowledged, under the same keys; return how many those were.

        Each must now succeed, whether or not the first asking had an effect.
        """
        names = [*self.refused, *self.unanswered]
        for name in names:
            self.acknowledged[name] = await self.ask(name)
        return len(names)

    def gap_after(self, moment: float) -> float:
        """Return the seconds from `moment` (monotonic) to the first success after it."""
        return min(at for at in self.answered_at if at > moment) - moment

    def longest_pause(self, since: float) -> float:
        """Return the longest time in s without a success from `since` (monotonic) on."""
        return max(
            after - before for before, after in pairwise([since, *(at for at in self.answered_at if at > since)])
        )

    async def _until(self, reached: Callable[[], bool], timeout_s: float) -> None:
        async with asyncio.timeout(timeout_s):
            while not reached():
                await asyncio.sleep(0.01)
