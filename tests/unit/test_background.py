"""Background tasks end when they are told, also those that lost a first cancellation."""

import asyncio

from shared.runtime.background import Background, end_tasks


async def test_a_task_that_lost_its_cancellation_is_cancelled_again() -> None:
    lost = 0

    async def stubborn() -> None:
        nonlocal lost
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if lost:
                    raise
                lost += 1

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    await end_tasks({task}, again_s=0.01)
    assert (lost, task.cancelled()) == (1, True)


async def test_failed_tasks_start_again_and_are_ended() -> None:
    runs = asyncio.Semaphore(0)

    async def failing() -> None:
        runs.release()
        raise OSError("away")

    background = Background()
    background.start("failing", failing)
    for _ in range(2):
        await runs.acquire()
    await background.stop()
