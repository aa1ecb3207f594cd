"""Lists that come in pages: asked for until their end, or until they are too long."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Protocol, TypeVar

from shared.errors import Invalid
from shared.messages import MOST_ROWS

MOST_LISTED: Final = 10_000
"""Rows of a list without paging arguments."""


class Identified(Protocol):
    """A row that a page can be continued after."""

    @property
    def id(self) -> str: ...


RowT = TypeVar("RowT", bound=Identified)
RowT_co = TypeVar("RowT_co", bound=Identified, covariant=True)


class Page(Protocol[RowT_co]):
    """Some rows by rising id, and whether there are others."""

    @property
    def rows(self) -> Sequence[RowT_co]: ...

    @property
    def more(self) -> bool: ...


PAGED: Final[Mapping[str, str]] = {
    "users": "paginatedUsers",
    "workspaces": "paginatedWorkspaces",
    "workspaceUsers": "paginatedWorkspaceUsers",
}
"""The field that pages what another one lists whole."""

LAST_ID: Final = "~"
"""A cursor behind every id."""

DEFAULT_TAKE: Final = 100
"""Rows of a page whose size is not given."""


async def all_rows(ask: Callable[[str], Awaitable[Page[RowT]]], *, field: str, most: int = MOST_LISTED) -> list[RowT]:
    """Return every row that `ask`, called with the last id seen, brings.

    Raises Invalid naming `field`, and the one that pages it, when there are more than `most`.
    """
    rows: list[RowT] = []
    after_id = ""
    while True:
        page = await ask(after_id)
        rows += page.rows
        if len(rows) > most:
            raise too_long(field, most)
        if not page.more or not page.rows:
            return rows
        after_id = page.rows[-1].id


async def rows_after(ask: Callable[[str, int], Awaitable[Page[RowT]]], *, cursor: str, take: int) -> list[RowT]:
    """Return the `take` rows after `cursor`; `ask` is called with the last id seen and how many are wanted."""
    rows: list[RowT] = []
    while True:
        page = await ask(rows[-1].id if rows else cursor, min(take - len(rows), MOST_ROWS))
        rows += page.rows
        if len(rows) >= take or not page.more or not page.rows:
            return rows


async def rows_before(ask: Callable[[str, int], Awaitable[Page[RowT]]], *, cursor: str, take: int) -> list[RowT]:
    """Return the `take` rows right before `cursor`, by rising id; `ask` is called with the first id seen."""
    rows: list[RowT] = []
    while True:
        page = await ask(rows[0].id if rows else cursor, min(take - len(rows), MOST_ROWS))
        rows = [*page.rows, *rows]
        if len(rows) >= take or not page.more or not page.rows:
            return rows


def page_size(take: int | None) -> int:
    """Return how many rows a page is to have, less than 0 for the page before; raise Invalid for none or too many."""
    size = DEFAULT_TAKE if take is None else take
    if not 0 < abs(size) <= MOST_LISTED:
        raise Invalid(f"take must be between 1 and {MOST_LISTED}, or negative for the page before the cursor")
    return size


def too_long(field: str, most: int = MOST_LISTED) -> Invalid:
    """Return the error of a list that has more rows than an answer may hold."""
    way = f"page through them with {PAGED[field]}" if field in PAGED else "narrow it with its arguments"
    return Invalid(f"{field} has more than {most} rows, {way}")
