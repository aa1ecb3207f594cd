"""Viewers of one tail: who joins misses nothing, who is slow loses lines of his own only, frames are shared."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from prometheus_client import REGISTRY

from services.deployments.contract import LOGS_STREAM, Component
from services.gateway.answers import Answer
from services.gateway.events import SharedEvents
from services.gateway.logs import groups, tail
from services.gateway.logs.follow import follow
from services.gateway.logs.lines import Line
from services.gateway.logs.permit import Permits
from services.gateway.logs.tail import Tails
from services.gateway.logs.wanted import Wanted
from shared.bus.client import Bus
from shared.errors import Forbidden, NotFound
from shared.runtime.background import end_tasks
from tests.integration.bus import until
from tests.integration.gateway.components import DEPLOYMENT, Writer
from tests.integration.gateway.watchers import Asker

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
LINES = Wanted(
    deployment_id=DEPLOYMENT, release="calm-comet-0001", component="", since=LONG_AGO, search="", interval_s=0.1
)


class Crowd:
    """Viewers of one process, each in a task of his own."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.tails = Tails()
        self.permits = Permits()

    @asynccontextmanager
    async def watching(
        self, wanted: Wanted = LINES, *, caller: str = "someone", asker: Asker | None = None
    ) -> AsyncGenerator["Sight"]:
        with self.permits.hold(DEPLOYMENT, caller, asker or Asker()) as permit:
            async with aclosing(follow(self.bus, self.tails, wanted, permit)) as events:
                sight = Sight()
                task = asyncio.create_task(sight.take(events))
                try:
                    yield sight
                finally:
                    await end_tasks([task])
                    sight.error = None if task.cancelled() else task.exception()


class Sight:
    """What one viewer saw. `eyes` may be shut: then he takes nothing more."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.eyes = asyncio.Event()
        self.eyes.set()
        self.ended = False
        self.error: BaseException | None = None

    async def take(self, events: AsyncGenerator[SharedEvents]) -> None:
        try:
            async for several in events:
                for event in several:
                    self.events.append(event)
                    await self.eyes.wait()
        finally:
            self.ended = True

    @property
    def messages(self) -> list[str]:
        shown: list[Any] = [event.value for event in self.events]
        return [line.message for each in shown for line in ([each] if isinstance(each, Line) else each)]

    async def saw(self, count: int) -> list[str]:
        await until(lambda: len(self.messages) >= count, timeout_s=20)
        return self.messages


@pytest.mark.parametrize("one_by_one", [False, True])
async def test_who_joins_at_any_moment_sees_every_line_once(
    bus: Bus, writer: Writer, monkeypatch: pytest.MonkeyPatch, one_by_one: bool
) -> None:
    monkeypatch.setattr(tail, "MOST_LINES", 8)  # so that the tail keeps less than is written meanwhile
    crowd, wanted = Crowd(bus), replace(LINES, one_by_one=one_by_one)
    written: list[str] = []

    async def write() -> None:
        for number in range(120):
            component = Component.WORKER if number % 3 else Component.SCHEDULER
            await writer.write(f"{number}", f"{number}+", component=component)
            written.extend([f"{number}", f"{number}+"])

    async with AsyncExitStack() as stack:
        viewers = [await stack.enter_async_context(crowd.watching(wanted))]
        writing_all = asyncio.create_task(write())
        for share in range(20, 240, 20):
            await until(partial(has, written, share))
            viewers.append(await stack.enter_async_context(crowd.watching(wanted)))
        await writing_all
        for each in viewers:
            assert sorted(await each.saw(240)) == sorted(written)
    await assert_nothing_is_left(crowd)


def has(lines: list[str], count: int) -> bool:
    return len(lines) >= count


async def assert_nothing_is_left(crowd: Crowd) -> None:
    """See that no tail, group, permit or task of viewers is there any more."""
    await crowd.tails.close()
    names = ("log_tails", "log_groups", "log_permits", "log_viewers")
    assert {name: REGISTRY.get_sample_value(f"aerodrome_gateway_{name}") for name in names} == dict.fromkeys(names, 0)
    await until(lambda: not [task for task in asyncio.all_tasks() if task.get_name().startswith("log ")])


async def test_a_slow_viewer_loses_his_oldest_lines_is_told_how_many_and_nobody_else_is(
    bus: Bus, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "MOST_LINES", 10)
    crowd, wanted = Crowd(bus), replace(LINES, one_by_one=True)
    async with crowd.watching(wanted) as quick, crowd.watching(wanted) as slow:
        await writer.write("first")
        await slow.saw(1)
        await quick.saw(1)
        slow.eyes.clear()
        for number in range(10):
            await writer.write(*[f"{number}-{index}" for index in range(4)])
            await quick.saw(1 + 4 * (number + 1))
        slow.eyes.set()
        await until(lambda: slow.messages[-1] == "9-3")
    seen = slow.messages
    ((place, told),) = [(place, text) for place, text in enumerate(seen) if text.endswith(" lines dropped")]
    dropped = int(told.removesuffix(" lines dropped"))
    assert dropped > 20
    assert seen[:place] + seen[place + 1 :] == quick.messages[:place] + quick.messages[place + dropped :]
    line = slow.events[place].value
    assert (line.level, line.component, line.release) == ("WARNING", "scheduler", "calm-comet-0001")
    assert len({event.value.id for event in slow.events}) == len(slow.events)


async def test_a_frame_is_made_once_for_all_with_the_same_beat_and_selection(bus: Bus, writer: Writer) -> None:
    crowd, executed = Crowd(bus), list[str]()

    def execute(selection: str) -> Callable[[Any], Answer]:
        def answer(_: Any) -> Answer:
            executed.append(selection)
            return Answer(200, {"data": selection})

        return answer

    now = replace(LINES, since=datetime.now(UTC))
    async with crowd.watching(now) as one, crowd.watching(now, caller="other") as two:
        await writer.write("a")
        await one.saw(1)
        await two.saw(1)
        ((first,), (second,)) = (one.events, two.events)
    assert first is second
    shown = [event.answer(of, execute(of)) for event in (first, second) for of in ("id", "message")]
    assert executed == ["id", "message"]
    assert shown[0].frame(b'{"id":"1","payload":') is shown[2].frame(b'{"id":"1","payload":')
    assert shown[1].frame(b'{"payload":') == b'{"payload":{"data":"message"}}'


async def test_lines_that_one_began_too_late_for_are_not_shown_to_him_with_the_others(bus: Bus, writer: Writer) -> None:
    crowd, now = Crowd(bus), datetime.now(UTC)
    async with (
        crowd.watching(replace(LINES, since=now)) as early,
        crowd.watching(replace(LINES, since=now + timedelta(milliseconds=1))) as late,
    ):
        await writer.write("one", "two", "three", at=now + timedelta(milliseconds=1))
        assert await early.saw(3) == ["one", "two", "three"]
        assert await late.saw(2) == ["two", "three"]


async def test_one_question_serves_all_viewers_of_a_caller_and_a_refusal_ends_no_other_callers(
    bus: Bus, writer: Writer
) -> None:
    crowd, mine, others = Crowd(bus), Asker(), Asker()
    async with AsyncExitStack() as stack:
        own = [await stack.enter_async_context(crowd.watching(caller="me", asker=mine)) for _ in range(20)]
        other = await stack.enter_async_context(crowd.watching(caller="other", asker=others))
        await writer.write("one")
        for each in (*own, other):
            await each.saw(1)
        assert mine.asked < 20

        async def refused() -> None:
            raise Forbidden("no more")

        mine.allowed = refused
        mine.news()
        await writer.write("secret")
        assert await other.saw(2) == ["one", "secret"]
        await until(lambda: all(each.ended for each in own))
        assert {tuple(each.messages) for each in own} == {("one",)}
    assert {type(each.error) for each in own} == {Forbidden}
    assert mine.ended
    assert others.ended
    await assert_nothing_is_left(crowd)


async def test_a_deployment_that_is_gone_ends_all_callers_within_a_second(bus: Bus, writer: Writer) -> None:
    askers = [Asker() for _ in range(30)]
    crowd = Crowd(bus)
    async with AsyncExitStack() as stack:
        viewers = [
            await stack.enter_async_context(crowd.watching(caller=str(number), asker=asker))
            for number, asker in enumerate(askers)
        ]
        await writer.write("one")
        for each in viewers:
            await each.saw(1)

        async def gone() -> None:
            raise NotFound("gone")

        for asker in askers:
            asker.allowed = gone
        await until(lambda: all(each.ended for each in viewers), timeout_s=1)


async def test_ten_thousand_comings_and_goings_in_small_leave_nothing(bus: Bus, writer: Writer) -> None:
    crowd = Crowd(bus)
    for number in range(60):
        since = LONG_AGO if number % 5 == 0 else datetime.now(UTC)
        async with crowd.watching(replace(LINES, since=since), caller=str(number % 3)) as sight:
            if number % 2:
                await writer.write("one")
                await sight.saw(1)
    await assert_nothing_is_left(crowd)
    await until(lambda: no_consumers(writer))


async def no_consumers(writer: Writer) -> bool:
    return await writer.jetstream.consumers_info(LOGS_STREAM) == []
