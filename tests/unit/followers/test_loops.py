"""Waking, backing off and stopping of a loop."""

import asyncio
from datetime import timedelta

from shared.followers.loops import Loop, Wake

SOON = timedelta(milliseconds=1)
LONG = timedelta(seconds=30)


class Counting(Loop):
    """Counts its rounds; `fail` is raised by the next one."""

    def __init__(self) -> None:
        super().__init__("counting")
        self.rounds = 0
        self.fail: Exception | None = None
        self.came = asyncio.Event()
        self.stuck = False

    async def once(self) -> None:
        self.rounds += 1
        self.came.set()
        error, self.fail = self.fail, None
        if error is not None:
            raise error
        if self.stuck:
            await asyncio.Event().wait()
        await self.wake.wait(LONG)

    async def next_round(self) -> None:
        self.came.clear()
        async with asyncio.timeout(5):
            await self.came.wait()


async def test_a_call_that_comes_early_is_not_lost() -> None:
    wake = Wake()
    wake.ring()

    assert await wake.wait(SOON)
    assert not await wake.wait(SOON)


async def test_a_loop_runs_when_it_is_woken() -> None:
    loop = Counting()
    loop.start()
    await loop.next_round()

    loop.wake.ring()
    await loop.next_round()

    await loop.stop(LONG)
    assert loop.rounds == 2


async def test_a_loop_goes_on_after_any_failure() -> None:
    loop = Counting()
    for error in (ConnectionError(), ValueError("a mistake")):
        loop.fail = error
        loop.start()
        await loop.next_round()
        await loop.next_round()
        await loop.stop(LONG)

    assert loop.rounds == 4


async def test_a_stop_cuts_short_what_takes_too_long() -> None:
    loop = Counting()
    loop.stuck = True
    loop.start()
    await loop.next_round()

    await loop.stop(SOON)

    assert loop.rounds == 1
