"""What is found in the history of log lines, in which order, through parts with an index and without."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import pytest

from services.deployments.contract import Component
from services.deployments.log_history import search
from services.deployments.log_history.search import Sought, find_lines
from shared.errors import Invalid
from tests.conftest import NewDatabase
from tests.integration.deployments.histories import DEPLOYMENT, SMALL, START, History, batch_of, history_on

SECOND = timedelta(seconds=1)


@pytest.fixture
async def history(database: NewDatabase) -> AsyncGenerator[History]:
    """An empty history."""
    async with history_on(await database("deployments")) as history:
        yield history


async def filled(history: History) -> None:
    """Fill four parts, three of them indexed: lines 0 to 39 by turns of four components, a second apart."""
    history.limits = SMALL
    components = list(Component)
    for number in range(40):
        batch = batch_of(
            f"Line {number}", at=START + number * SECOND, batch=number + 1, component=components[number % 4]
        )
        await history.take(batch)
    upkeep = history.upkeep()
    while await upkeep.index_one():
        pass


async def test_the_newest_come_from_as_many_parts_as_it_takes(history: History) -> None:
    await filled(history)
    assert len(await history.parts()) == 4
    assert await history.messages(most=5) == [f"Line {number}" for number in (39, 38, 37, 36, 35)]
    assert await history.messages(most=35) == [f"Line {number}" for number in range(39, 4, -1)]
    assert await history.messages(component="worker", most=3) == ["Line 39", "Line 35", "Line 31"]
    assert await history.messages(after=START + 37 * SECOND) == ["Line 39", "Line 38"]
    assert await history.messages("celsewhere") == []


@pytest.mark.parametrize("few", [0, 1000])
async def test_a_text_is_found_in_any_case_with_the_index_and_without(
    history: History, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(search, "FEW_LINES", few)
    await filled(history)
    assert await history.messages(text="lINe 7") == ["Line 7"]
    assert await history.messages(text="Line 3") == [f"Line {number}" for number in [*range(39, 29, -1), 3]]
    assert await history.messages(text="e 1", component="webserver") == ["Line 17", "Line 13", "Line 1"]
    assert await history.messages(text="line", most=2) == ["Line 39", "Line 38"]
    assert await history.messages(text="nothing of the kind") == []
    assert await history.messages(text="line 1", after=START + 10 * SECOND, most=2) == ["Line 19", "Line 18"]


@pytest.mark.parametrize("few", [0, 1000])
async def test_signs_mean_themselves(history: History, monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    monkeypatch.setattr(search, "FEW_LINES", few)
    texts = [
        "50% done",
        "50 done",
        "snake_case",
        "snakeXcase",
        r"C:\temp",
        "C:temp",
        "it's; drop table x --",
        "Ärger ÜBER",
    ]
    history.limits = SMALL
    await history.write(*texts, *(f"more {number}" for number in range(5)))
    await history.write("the open part")
    await history.upkeep().index_one()
    for text in ("50% d", "snake_c", r":\temp", "'s; DROP", "%", "_", "\\", "ärger über"):
        found = await history.messages(text=text)
        assert found == [each for each in reversed(texts) if text.casefold() in each.casefold()], text


async def test_lines_of_one_moment_are_all_found_page_by_page(history: History) -> None:
    history.limits = SMALL
    for number in range(1, 31):
        component = list(Component)[number % 4]
        await history.take(
            batch_of(f"Line {number}", batch=number, component=component, level="INFO", map_index=number)
        )
    assert len(await history.parts()) == 3
    found: list[str] = []
    before = None
    while page := await find_lines(history.pool, Sought(deployment_id=DEPLOYMENT, before=before, most=7)):
        found += [line.message for line in page]
        before = page[-1].place
    assert found == [f"Line {number}" for number in range(30, 0, -1)]


async def test_parts_that_overlap_in_time_are_merged(history: History) -> None:
    history.limits = SMALL
    await history.write(*(f"early {number}" for number in range(10)))
    await history.write(*(f"late {number}" for number in range(10)), component="worker", at=START - 5 * SECOND / 1000)
    expected = sorted(
        [(START + timedelta(milliseconds=n), 0, f"early {n}") for n in range(10)]
        + [(START + timedelta(milliseconds=n - 5), 1, f"late {n}") for n in range(10)],
        reverse=True,
    )
    for most in (3, 8, 20):
        assert await history.messages(most=most) == [message for _, _, message in expected][:most]


async def test_a_search_that_takes_too_long_says_so(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    await filled(history)
    monkeypatch.setattr(search, "LONGEST_S", 0.0)
    with pytest.raises(Invalid, match="takes too long"):
        await history.messages(text="zzz")


async def test_times_at_the_ends_of_the_calendar_are_no_trouble(history: History) -> None:
    await history.write("a line")
    assert await history.messages(after=datetime(1, 1, 1, tzinfo=UTC)) == ["a line"]
    assert await history.messages(after=datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)) == []
