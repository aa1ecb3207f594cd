"""The tail of a deployment's lines on a real JetStream: from a moment on, live, through restarts."""

import asyncio
import shutil
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.deployments.contract import LOGS_STREAM, Component
from services.gateway.events import SharedEvents
from services.gateway.logs.follow import follow
from services.gateway.logs.lines import Line
from services.gateway.logs.tail import Tails
from services.gateway.logs.wanted import Wanted
from shared.bus.client import Bus
from shared.errors import Forbidden, NotFound, Unavailable
from tests.integration.bus import until
from tests.integration.gateway.components import DEPLOYMENT, START, Writer, writing
from tests.integration.gateway.watchers import Asker, permitted
from tests.servers import NatsForTests

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
ALL = Wanted(
    deployment_id=DEPLOYMENT, release="calm-comet-0001", component="", since=LONG_AGO, search="", interval_s=0.1
)


async def refused() -> None:
    raise Forbidden("no more")


async def gone() -> None:
    raise NotFound("gone")


class Viewer:
    """Somebody who reads a stream, line by line."""

    def __init__(self, frames: AsyncGenerator[SharedEvents]) -> None:
        self._frames = frames
        self.lines: list[Line] = []

    async def see(self, least: int) -> list[str]:
        """Return all messages seen, once there are at least so many."""
        async with asyncio.timeout(20):
            while len(self.lines) < least:
                self.lines += [line for event in await anext(self._frames) for line in event.value]
        return [line.message for line in self.lines]

    async def end(self) -> None:
        """Return when the stream has ended."""
        async with asyncio.timeout(20):
            self.lines += [line async for frame in self._frames for event in frame for line in event.value]


@asynccontextmanager
async def viewing(
    bus: Bus, wanted: Wanted = ALL, asker: Asker | None = None, *, tails: Tails | None = None
) -> AsyncGenerator[Viewer]:
    shared = tails or Tails()
    with permitted(DEPLOYMENT, asker) as permit:
        async with aclosing(follow(bus, shared, wanted, permit)) as frames:
            yield Viewer(frames)
    await shared.close()


async def test_lines_come_from_the_past_and_then_live_without_a_gap_or_a_repeat(bus: Bus, writer: Writer) -> None:
    for number in range(3):
        await writer.write(f"old {number}")
    async with viewing(bus) as viewer:
        assert await viewer.see(3) == ["old 0", "old 1", "old 2"]
        for number in range(3):
            await writer.write(f"new {number}", f"new {number}+", at=START + timedelta(seconds=number))
        await viewer.see(9)
    assert len({line.id for line in viewer.lines}) == 9
    assert [line.message for line in viewer.lines[3:]] == ["new 0", "new 0+", "new 1", "new 1+", "new 2", "new 2+"]


async def test_only_lines_after_the_start_time_are_shown(bus: Bus, writer: Writer) -> None:
    since = datetime.now(UTC)
    await writer.write("before", at=since - timedelta(milliseconds=1))
    await writer.write("at", at=since)
    await writer.write("after", at=since + timedelta(milliseconds=1))
    async with viewing(bus, replace(ALL, since=since)) as viewer:
        assert await viewer.see(1) == ["after"]


async def test_one_component_can_be_followed_in_any_case_and_number(bus: Bus, writer: Writer) -> None:
    await writer.write("of the scheduler")
    await writer.write("of a worker", component=Component.WORKER)
    for name in ("worker", "Workers"):
        async with viewing(bus, replace(ALL, component=name)) as viewer:
            assert await viewer.see(1) == ["of a worker"]
            assert (viewer.lines[0].component, viewer.lines[0].release) == ("worker", "calm-comet-0001")


async def test_another_deployments_lines_are_never_shown(bus: Bus, writer: Writer) -> None:
    await writer.write("theirs", deployment="cother")
    await writer.write("ours")
    async with viewing(bus) as viewer:
        assert await viewer.see(1) == ["ours"]


async def test_a_search_is_without_case(bus: Bus, writer: Writer) -> None:
    await writer.write("DAG ingest failed", "all is well", "dag other FAILED")
    async with viewing(bus, replace(ALL, search="failed")) as viewer:
        assert await viewer.see(2) == ["DAG ingest failed", "dag other FAILED"]


async def test_an_unknown_component_has_no_lines_and_ends_with_its_deployment(bus: Bus, writer: Writer) -> None:
    asker = Asker()
    await writer.write("of the scheduler")
    async with viewing(bus, replace(ALL, component="nonsense"), asker) as viewer:
        seeing = asyncio.create_task(viewer.end())
        await until(lambda: asker.asked > 0)
        asker.allowed = gone
        await seeing
    assert viewer.lines == []


async def test_a_viewer_who_may_no_longer_is_stopped_within_a_second_without_news(bus: Bus, writer: Writer) -> None:
    asker = Asker()
    await writer.write("one")
    async with viewing(bus, asker=asker) as viewer:
        await viewer.see(1)
        asker.allowed = refused
        async with asyncio.timeout(1):
            with pytest.raises(Forbidden):
                await viewer.see(2)
    assert [line.message for line in viewer.lines] == ["one"]


async def test_news_of_the_viewer_are_heeded_within_a_second_whatever_the_interval(bus: Bus, writer: Writer) -> None:
    asker = Asker()
    await writer.write("one")
    async with viewing(bus, replace(ALL, interval_s=60), asker) as viewer:
        await viewer.see(1)
        seeing = asyncio.create_task(viewer.see(2))
        await asyncio.sleep(0)
        asker.allowed = refused
        asker.news()
        async with asyncio.timeout(1):
            with pytest.raises(Forbidden):
                await seeing


async def test_nothing_is_shown_while_nobody_can_say_who_may(bus: Bus, writer: Writer) -> None:
    answers = [Unavailable("away"), Unavailable("away"), None]

    async def away() -> None:
        answer = answers.pop(0) if answers else None
        if answer is not None:
            await writer.write("written meanwhile")
            raise answer

    async with viewing(bus, asker=Asker(away)) as viewer:
        assert await viewer.see(2) == ["written meanwhile", "written meanwhile"]
    assert answers == []


async def test_a_restart_of_nats_loses_and_repeats_nothing(bus: Bus, writer: Writer, nats_server: NatsForTests) -> None:
    await writer.write("before")
    async with viewing(bus) as viewer:
        await viewer.see(1)
        seeing = asyncio.create_task(viewer.see(3))
        nats_server.kill()
        nats_server.restart()
        async with writing(nats_server, counts=[("scheduler", 1)]) as again:
            await again.write("after")
            await again.write("later")
            assert await seeing == ["before", "after", "later"]


async def test_a_stream_that_was_deleted_and_made_anew_is_followed_on(
    bus: Bus, writer: Writer, nats_server: NatsForTests
) -> None:
    await writer.write("before")
    async with viewing(bus) as viewer:
        await viewer.see(1)
        seeing = asyncio.create_task(viewer.see(2))
        nats_server.kill()
        shutil.rmtree(nats_server.server.folder / "jetstream", ignore_errors=True)
        nats_server.restart()
        async with writing(nats_server, counts=[("scheduler", 1)]) as again:
            await again.make_stream()
            await again.write("after")
            assert await seeing == ["before", "after"]


async def test_batches_that_are_gone_are_told(bus: Bus, writer: Writer) -> None:
    await writer.write("one")
    async with viewing(bus) as viewer:
        await viewer.see(1)
        await writer.write("five", batch=5)
        assert await viewer.see(3) == ["one", "3 batches of lines dropped", "five"]


async def test_all_viewers_share_one_consumer_and_the_last_leaves_none_behind(bus: Bus, writer: Writer) -> None:
    await writer.write("one")
    tails = Tails()
    async with viewing(bus, tails=tails) as first, viewing(bus, replace(ALL, search="O"), tails=tails) as second:
        assert await first.see(1) == await second.see(1)
        seeing = asyncio.gather(first.see(2), second.see(2))
        await until(lambda: consumers_are(writer, 1))
        async with viewing(bus, replace(ALL, since=datetime.now(UTC)), tails=tails) as third:
            await writer.write("two")
            assert await third.see(1) == ["two"]
            assert list(await seeing) == [["one", "two"]] * 2
            assert await consumers_are(writer, 1)
    await until(lambda: consumers_are(writer, 0))


async def consumers_are(writer: Writer, count: int) -> bool:
    return len(await writer.jetstream.consumers_info(LOGS_STREAM)) == count


async def test_a_stream_that_is_not_there_yet_is_waited_for(bus: Bus, nats_server: NatsForTests) -> None:
    async with viewing(bus) as viewer, writing(nats_server) as late:
        seeing = asyncio.create_task(viewer.see(1))
        await late.make_stream()
        await late.write("first")
        assert await seeing == ["first"]
