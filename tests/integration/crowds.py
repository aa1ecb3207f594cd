"""Many things made at once, as many as a service works on at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeVar

T = TypeVar("T")

_MOST_AT_ONCE: Final = 8


async def together(jobs: Iterable[Callable[[], Awaitable[T]]]) -> list[T]:
    """Return what the jobs come to, in their order; a few run at a time."""
    room = asyncio.Semaphore(_MOST_AT_ONCE)

    async def run(job: Callable[[], Awaitable[T]]) -> T:
        async with room:
            return await job()

    return await asyncio.gather(*(run(job) for job in jobs))
