"""A few have their turn at once, the others wait in order, and too many are sent away."""

import asyncio

import pytest

from services.gateway.turns import Turns
from shared.errors import Unavailable


async def test_turns_are_taken_in_order_and_no_more_at_once_than_allowed() -> None:
    turns, inside, order = Turns(at_once=2, most_waiting=3), set[int](), list[int]()

    async def take(number: int) -> None:
        async with turns.one():
            inside.add(number)
            assert len(inside) <= 2
            order.append(number)
            await asyncio.sleep(0)
            inside.remove(number)

    await asyncio.gather(*(take(number) for number in range(5)))
    assert order == [0, 1, 2, 3, 4]


async def test_who_comes_when_too_many_wait_is_sent_away_at_once() -> None:
    turns, end = Turns(at_once=1, most_waiting=1), asyncio.Event()

    async def stay() -> None:
        async with turns.one():
            await end.wait()

    staying = [asyncio.create_task(stay()) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await stay()
    end.set()
    await asyncio.gather(*staying)
    await stay()


async def test_who_leaves_while_waiting_leaves_no_gap() -> None:
    turns, end = Turns(at_once=1, most_waiting=1), asyncio.Event()

    async def stay() -> None:
        async with turns.one():
            await end.wait()

    first, second = asyncio.create_task(stay()), asyncio.create_task(stay())
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    end.set()
    await asyncio.gather(first, stay())


async def test_sources_take_turns_in_rotation() -> None:
    turns, end, order = Turns(at_once=1, most_waiting=9), asyncio.Event(), list[str]()

    async def take(source: str, name: str) -> None:
        async with turns.one(source):
            order.append(name)
            await end.wait()

    wishes = [("loud", f"loud {number}") for number in range(5)] + [("calm", "calm 0"), ("calm", "calm 1")]
    taking = [asyncio.create_task(take(*wish)) for wish in wishes]
    await asyncio.sleep(0)
    end.set()
    await asyncio.gather(*taking)
    assert order == ["loud 0", "loud 1", "calm 0", "loud 2", "calm 1", "loud 3", "loud 4"]


async def test_when_too_many_wait_the_latest_of_the_loudest_source_is_sent_away() -> None:
    turns, end = Turns(at_once=1, most_waiting=3), asyncio.Event()

    async def stay(source: str) -> None:
        async with turns.one(source):
            await end.wait()

    loud = [asyncio.create_task(stay("loud")) for _ in range(4)]
    await asyncio.sleep(0)
    calm = asyncio.create_task(stay("calm"))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await loud[-1]
    with pytest.raises(Unavailable):
        await stay("loud")
    end.set()
    await asyncio.gather(*loud[:-1], calm)
    await stay("loud")


async def test_who_leaves_as_their_turn_comes_passes_it_on() -> None:
    turns, end = Turns(at_once=1, most_waiting=2), asyncio.Event()

    async def stay() -> None:
        async with turns.one("a"):
            await end.wait()

    first, second = asyncio.create_task(stay()), asyncio.create_task(stay())
    await asyncio.sleep(0)
    end.set()
    while not first.done():
        await asyncio.sleep(0)
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    async with asyncio.timeout(5):
        await stay()
