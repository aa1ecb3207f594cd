"""Lists that come in pages, to their end or to their limit."""

from dataclasses import dataclass, field

import pytest

from services.gateway.paging import MOST_LISTED, all_rows, page_size, rows_after, rows_before
from shared.errors import Invalid


@dataclass(frozen=True)
class Row:
    id: str


@dataclass(frozen=True)
class Rows:
    rows: tuple[Row, ...]
    more: bool


async def hundreds(after_id: str) -> Rows:
    """Answer 300 rows, 100 a page."""
    first = int(after_id or "0")
    return Rows(tuple(Row(f"{number:05d}") for number in range(first + 1, first + 101)), more=first < 200)


async def test_every_page_is_asked_for_after_the_last_row() -> None:
    rows = await all_rows(hundreds, field="users")
    assert [row.id for row in rows] == [f"{number:05d}" for number in range(1, 301)]


async def test_a_list_that_is_too_long_ends_with_an_error_that_names_it() -> None:
    with pytest.raises(Invalid, match="users has more than 250 rows, page through them with paginatedUsers"):
        await all_rows(hundreds, field="users", most=250)


@dataclass
class Numbers:
    """Rows 1 to 1000, and how they were asked for."""

    asked: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])

    async def after(self, id_: str, limit: int) -> Rows:
        self.asked.append((id_, limit))
        first = int(id_ or "0") + 1
        last = min(first + limit, 1001)
        return Rows(tuple(Row(f"{number:05d}") for number in range(first, last)), more=last < 1001)

    async def before(self, id_: str, limit: int) -> Rows:
        self.asked.append((id_, limit))
        end = int(id_)
        first = max(end - limit, 1)
        return Rows(tuple(Row(f"{number:05d}") for number in range(first, end)), more=first > 1)


@pytest.mark.parametrize(
    ("cursor", "take", "numbers"),
    [("", 2, [1, 2]), ("00002", 700, list(range(3, 703))), ("00998", 5, [999, 1000]), ("01000", 5, [])],
)
async def test_a_page_holds_the_rows_after_its_cursor(cursor: str, take: int, numbers: list[int]) -> None:
    source = Numbers()
    rows = await rows_after(source.after, cursor=cursor, take=take)
    assert [int(row.id) for row in rows] == numbers
    assert all(limit <= 500 for _, limit in source.asked)


@pytest.mark.parametrize(
    ("cursor", "take", "numbers"),
    [("00005", 2, [3, 4]), ("00900", 700, list(range(200, 900))), ("00003", 5, [1, 2]), ("00001", 5, [])],
)
async def test_the_page_before_a_cursor_ends_at_it(cursor: str, take: int, numbers: list[int]) -> None:
    rows = await rows_before(Numbers().before, cursor=cursor, take=take)
    assert [int(row.id) for row in rows] == numbers


def test_a_page_has_a_size_within_bounds() -> None:
    assert [page_size(take) for take in (None, 1, -MOST_LISTED)] == [100, 1, -MOST_LISTED]
    for take in (0, MOST_LISTED + 1, -MOST_LISTED - 1):
        with pytest.raises(Invalid):
            page_size(take)


async def test_a_page_without_rows_ends_the_list() -> None:
    async def nothing(after_id: str) -> Rows:
        assert after_id == ""
        return Rows((), more=True)

    assert await all_rows(nothing, field="users") == []
