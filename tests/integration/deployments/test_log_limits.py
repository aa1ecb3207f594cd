"""What goes from the history of log lines, and that nothing else does."""

from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest

from tests.conftest import NewDatabase
from tests.integration.deployments.histories import MEBIBYTE, SMALL, START, History, history_on

DAY = timedelta(days=1)
ANOTHER = "canother"


@pytest.fixture
async def history(database: NewDatabase) -> AsyncGenerator[History]:
    """An empty history of small parts."""
    async with history_on(await database("deployments")) as history:
        history.limits = SMALL
        yield history


async def test_what_is_too_old_goes_part_by_part(history: History) -> None:
    for day in range(3):
        await history.write(*(f"day {day} line {number}" for number in range(10)), at=START + day * DAY)
    assert len(await history.parts()) == 3
    keeper = history.upkeep(age=DAY)
    await keeper.tidy(START + timedelta(hours=1))
    assert len(await history.parts()) == 3
    await keeper.tidy(START + DAY + timedelta(hours=1))
    assert len(await history.parts()) == 2
    assert {message[:5] for message in await history.messages()} == {"day 1", "day 2"}
    await keeper.tidy(START + 10 * DAY)
    assert await history.parts() == []
    await history.write("afterwards", at=START + 10 * DAY)
    assert await history.messages() == ["afterwards"]


async def test_what_is_too_much_in_all_goes_from_the_oldest_on(history: History) -> None:
    for number in range(4):
        await history.write(*(f"batch {number}" for _ in range(10)))
    size = "select sum(pg_total_relation_size(to_regclass('logs.lines_' || number))) from log_parts"
    total = int(await history.pool.fetchval(size))
    await history.upkeep(most_bytes=total - 1).tidy(START)
    assert set(await history.messages()) == {"batch 1", "batch 2", "batch 3"}
    await history.upkeep(most_bytes=0).tidy(START)
    assert set(await history.messages()) == {"batch 3"}, "the open part stays"


async def test_what_is_too_much_of_one_deployment_goes_from_the_oldest_on(history: History) -> None:
    await history.write("of another", deployment=ANOTHER)
    for number in range(25):
        await history.write("x" * 100_000, component=("scheduler", "worker")[number % 2], at=START + number * DAY / 24)
    await history.write("small", at=START + DAY * 2)
    keeper = history.upkeep(deployment_bytes=MEBIBYTE)
    await keeper.tidy(START)
    left = await history.messages()
    assert [len(message) for message in left] == [5, *[100_000] * 10]
    assert await history.messages(ANOTHER) == ["of another"]
    counted = "select sum(lines)::int as lines, sum(bytes)::int as bytes from log_usage where origin <> 1"
    usage = await history.pool.fetchrow(counted)
    assert usage is not None
    assert (usage["lines"], usage["bytes"]) == (11, sum(len(message) + 256 for message in left))
    await keeper.tidy(START)
    assert await history.messages() == left


async def test_a_deployment_that_is_gone_leaves_nothing(history: History) -> None:
    await history.write("kept", deployment=ANOTHER)
    for component in ("scheduler", "worker"):
        await history.write(*(f"secret {number}" for number in range(15)), component=component)
    wish = "insert into assignments (deployment_id, generation, wish) values ($1, 1, $2)"
    for deployment, wanted in (("cdeployment", "gone"), (ANOTHER, "sleep")):
        await history.pool.execute(wish, deployment, wanted)
    keeper = history.upkeep()
    await keeper.tidy(START)
    assert await history.messages() == []
    rows = await history.pool.fetch("select deployment_id from log_origins")
    assert [row["deployment_id"] for row in rows] == [ANOTHER]
    assert await history.pool.fetchval("select count(*) from log_incarnations") == 1
    for part in await history.parts():
        found = await history.pool.fetch(f"select message from logs.lines_{part}")
        assert not [row for row in found if "secret" in row["message"]]
    await history.write("said late")
    await keeper.tidy(START)
    assert await history.messages() == []
    assert await history.messages(ANOTHER) == ["kept"]


async def test_a_part_in_use_is_dropped_later_and_holds_nobody_up(history: History) -> None:
    await history.write(*["old"] * 10)
    await history.write("new", at=START + 9 * DAY)
    async with history.pool.acquire() as reader, reader.transaction():
        await reader.fetch("select from logs.lines_1")
        await history.upkeep(age=DAY).tidy(START + 9 * DAY)
        assert await history.parts() == [1, 2]
    await history.upkeep(age=DAY).tidy(START + 9 * DAY)
    assert await history.parts() == [2]


async def test_a_part_is_closed_by_lines_and_by_age(history: History) -> None:
    await history.write("one")
    await history.write("two")
    assert len(await history.parts()) == 1
    await history.pool.execute("update log_parts set opened_at = opened_at - interval '25 h'")
    await history.write("three")
    assert len(await history.parts()) == 2
    assert await history.messages() == ["three", "two", "one"]


async def test_sources_of_long_ago_are_forgotten(history: History) -> None:
    await history.write("one", incarnation="long ago")
    await history.pool.execute("update log_incarnations set seen_at = seen_at - interval '9 days'")
    await history.write("two", incarnation="today")
    await history.upkeep().tidy(START)
    rows = await history.pool.fetch("select incarnation from log_incarnations")
    assert [row["incarnation"] for row in rows] == ["today"]
