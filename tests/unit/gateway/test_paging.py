"""Lists that come in pages, to their end or to their limit."""

from dataclasses import dataclass

import pytest

from services.gateway.paging import all_rows
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
    with pytest.raises(Invalid, match="users has more than 250 rows"):
        await all_rows(hundreds, field="users", most=250)


async def test_a_page_without_rows_ends_the_list() -> None:
    async def nothing(after_id: str) -> Rows:
        assert after_id == ""
        return Rows((), more=True)

    assert await all_rows(nothing, field="users") == []
