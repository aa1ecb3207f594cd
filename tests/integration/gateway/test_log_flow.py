"""Lines with cursors on a real JetStream: whoever comes back goes on behind what they have seen."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import pytest

from services.deployments.contract import LOGS_STREAM, Component
from services.gateway.logs import flow as flows
from services.gateway.logs.cursor import Cursor, read_cursor
from services.gateway.logs.flow import flow
from services.gateway.logs.lines import Line
from services.gateway.logs.tail import Tails
from services.gateway.logs.wanted import Wanted
from shared.bus.client import Bus
from shared.errors import Forbidden, Unavailable
from tests.integration.gateway.components import DEPLOYMENT, START, Writer, writing
from tests.integration.gateway.watchers import Asker, anybody, permitted
from tests.servers import NatsForTests

BEGINNING = Cursor(datetime(2000, 1, 1, tzinfo=UTC))
GONE = "lines may be missing here: they were not kept so long"


async def see(
    bus: Bus,
    start: Cursor = BEGINNING,
    *,
    least: int = 0,
    search: str = "",
    allowed: Callable[[], Awaitable[None]] = anybody,
) -> list[tuple[Line, Cursor]]:
    """Return the lines behind a cursor that are there or, if `least` is given, so many as they come."""
    wanted = Wanted(DEPLOYMENT, "calm-comet-0001", component="", since=start.since, search=search)
    seen: list[tuple[Line, Cursor]] = []
    tails = Tails()
    with permitted(DEPLOYMENT, Asker(allowed)) as permit:
        async with (
            asyncio.timeout(20),
            aclosing(flow(bus, tails, wanted, start, permit, live=least > 0)) as steps,
        ):
            async for step in steps:
                seen += step.lines
                if least and len(seen) >= least:
                    break
    await tails.close()
    return seen[:least] if least else seen


def messages(seen: list[tuple[Line, Cursor]]) -> list[str]:
    return [line.message for line, _ in seen]


async def test_whoever_comes_back_sees_the_rest_from_every_line_on(bus: Bus, writer: Writer) -> None:
    for number in range(3):
        await writer.write(f"a {number}", f"b {number}", f"c {number}", at=START)
        await writer.write(f"w {number}", component=Component.WORKER, at=START - timedelta(seconds=1))
    everything = await see(bus)
    assert len({line.id for line, _ in everything}) == 12
    for place, (_, cursor) in enumerate(everything, start=1):
        assert await see(bus, read_cursor(cursor.text())) == everything[place:]


async def test_whoever_has_seen_nothing_yet_comes_back_to_the_same(bus: Bus, writer: Writer) -> None:
    start = read_cursor(Cursor(datetime.now(UTC)).text())
    assert await see(bus, start) == []
    await writer.write("older", at=start.since)
    await writer.write("meanwhile", at=start.since + timedelta(microseconds=1))
    assert messages(await see(bus, start)) == ["meanwhile"]


async def test_what_began_late_stays_hidden_to_who_comes_back(bus: Bus, writer: Writer) -> None:
    start = Cursor(datetime.now(UTC))
    await writer.write("one")
    ((_, cursor),) = await see(bus, start)
    await writer.write("late", at=start.since - timedelta(seconds=1))
    await writer.write("two")
    assert messages(await see(bus, cursor)) == ["two"]


async def test_without_going_on_it_ends_with_what_is_there(bus: Bus, writer: Writer) -> None:
    assert await see(bus) == []
    await writer.write("of others", deployment="cother")
    assert await see(bus) == []
    await writer.write("one", "two")
    await writer.write("of others", deployment="cother")
    assert messages(await see(bus)) == ["one", "two"]
    assert messages(await see(bus, search="TW")) == ["two"]


async def test_lines_come_live_behind_a_cursor_through_a_restart_of_nats(
    bus: Bus, writer: Writer, nats_server: NatsForTests
) -> None:
    await writer.write("one", "two")
    ((_, cursor),) = await see(bus, least=1)
    seeing = asyncio.create_task(see(bus, cursor, least=3))
    nats_server.kill()
    nats_server.restart()
    async with writing(nats_server, counts=[("scheduler", 1)]) as again:
        await again.write("three")
        await again.write("four")
        assert messages(await seeing) == ["two", "three", "four"]


async def test_a_stream_that_was_made_anew_is_shown_from_its_beginning_and_the_loss_is_told(
    bus: Bus, writer: Writer, nats_server: NatsForTests
) -> None:
    await writer.write("one", "two")
    (*_, (_, cursor)) = await see(bus)
    nats_server.kill()
    shutil.rmtree(nats_server.server.folder / "jetstream", ignore_errors=True)
    nats_server.restart()
    async with writing(nats_server, counts=[("scheduler", 7)]) as again:
        await again.make_stream()
        await again.write("new")
        assert messages(await see(bus, cursor, least=2)) == [GONE, "new"]


async def test_what_is_kept_no_longer_is_told_to_who_comes_back(bus: Bus, writer: Writer) -> None:
    await writer.write("one")
    ((_, cursor),) = await see(bus)
    await writer.write("two")
    await writer.write("three")
    await writer.jetstream.purge_stream(LOGS_STREAM, keep=1)
    seen = await see(bus, cursor)
    assert messages(seen) == [GONE, "three"]
    assert messages(await see(bus, seen[0][1])) == ["three"]


async def test_whoever_may_no_longer_is_shown_nothing_more(bus: Bus, writer: Writer) -> None:
    async def refused() -> None:
        raise Forbidden("no more")

    await writer.write("one")
    with pytest.raises(Forbidden):
        await see(bus, least=2, allowed=refused)


async def test_who_wants_what_is_there_does_not_wait_for_ever(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flows, "GIVE_UP_S", 0.2)
    with pytest.raises(Unavailable):
        await see(bus)
