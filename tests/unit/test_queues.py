"""Lanes bound the work of a process; queues order the commands on one stream."""

import asyncio

import pytest

from shared.bus.lane import Lane
from shared.errors import Unavailable
from shared.queues import Queues


async def test_a_lane_takes_as_many_as_fit_and_then_refuses() -> None:
    lane = Lane("sample", running=1, waiting=1)
    lane.admit()
    lane.admit()
    with pytest.raises(Unavailable):
        lane.admit()
    async with lane.place():
        pass
    lane.admit()


async def test_a_lane_runs_no_more_than_it_has_places() -> None:
    lane = Lane("sample", running=2, waiting=10)
    together = most = 0

    async def work() -> None:
        nonlocal together, most
        async with lane.place():
            together += 1
            most = max(most, together)
            await asyncio.sleep(0)
            together -= 1

    for _ in range(8):
        lane.admit()
    await asyncio.gather(*(work() for _ in range(8)))
    assert most == 2


async def test_a_cancelled_message_gives_its_place_back() -> None:
    lane = Lane("sample", running=1, waiting=0)
    lane.admit()

    async def work() -> None:
        async with lane.place():
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    lane.admit()
    async with asyncio.timeout(1), lane.place():
        pass


async def test_commands_on_one_stream_take_turns_in_the_order_they_came() -> None:
    queues, order = Queues(), list[int]()

    async def command(number: int) -> None:
        async with queues.enter("flight-1"):
            await asyncio.sleep(0)
            order.append(number)

    await asyncio.gather(*(command(number) for number in range(5)))
    assert order == [0, 1, 2, 3, 4]


async def test_commands_on_other_streams_do_not_wait() -> None:
    queues = Queues()
    async with asyncio.timeout(1), queues.enter("flight-1"), queues.enter("flight-2"):
        assert queues.busy("flight-1")
        assert queues.busy("flight-2")
    assert not queues.busy("flight-1")


async def test_who_meets_others_waits_for_them_once() -> None:
    queues = Queues()
    async with queues.enter("") as free:
        assert await free.meets_others("flight-1") is False
    met = asyncio.Event()

    async def second() -> bool:
        async with queues.enter("") as turn:
            met.set()
            return await turn.meets_others("flight-1") and not await turn.meets_others("flight-1")

    async with queues.enter("flight-1"):
        waiting = asyncio.create_task(second())
        await met.wait()
        await asyncio.sleep(0)
        assert not waiting.done()
    assert await waiting is True


async def test_a_command_holds_one_place_only_so_that_none_can_block_each_other() -> None:
    queues = Queues()
    async with asyncio.timeout(1), queues.enter("flight-1") as one, queues.enter("flight-2") as two:
        await one.take("flight-2")
        await two.take("flight-1")


async def test_a_queue_is_forgotten_with_its_last_command() -> None:
    queues = Queues()
    async with queues.enter("flight-1"):
        assert len(queues._locks) == 1
    assert len(queues._locks) == 0
