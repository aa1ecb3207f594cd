"""A stream of commands with a record of what was acknowledged, to compare with what is there afterwards."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Self

import aiohttp

from tests.acceptance.client import GraphQLFailed


@dataclass
class Load:
    """Writers that name each thing they ask for; a name is asked for once.

    `acknowledged` were answered with success, `refused` with an error, `unanswered` not at all; `answered_at` holds the
    monotonic time in s of every success.
    """

    ask: Callable[[str], Awaitable[None]]
    writers: int = 4
    acknowledged: list[str] = field(default_factory=list[str])
    refused: dict[str, str] = field(default_factory=dict[str, str])
    unanswered: list[str] = field(default_factory=list[str])
    answered_at: list[float] = field(default_factory=list[float])
    stopping: bool = False

    async def _write(self, writer: int) -> None:
        for number in count():
            if self.stopping:
                return
            name = f"w{writer}-n{number}"
            try:
                await self.ask(name)
            except GraphQLFailed as failed:
                self.refused[name] = failed.codes[0]
                await asyncio.sleep(0.02)
            except (aiohttp.ClientError, TimeoutError, OSError):
                self.unanswered.append(name)
                await asyncio.sleep(0.05)
            else:
                self.acknowledged.append(name)
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
        async with asyncio.timeout(timeout_s):
            while len(self.acknowledged) < goal:
                await asyncio.sleep(0.01)

    def gap_after(self, moment: float) -> float:
        """Return the seconds from `moment` (monotonic) to the first success after it."""
        return min(at for at in self.answered_at if at > moment) - moment
