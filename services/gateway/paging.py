"""Lists that come in pages: asked for until their end, or until they are too long."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol, TypeVar

from shared.errors import Invalid

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


async def all_rows(ask: Callable[[str], Awaitable[Page[RowT]]], *, field: str, most: int = MOST_LISTED) -> list[RowT]:
    """Return every row that `ask`, called with the last id seen, brings.

    Raises Invalid naming `field` when there are more than `most`.
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


def too_long(field: str, most: int = MOST_LISTED) -> Invalid:
    """Return the error of a list that has more rows than an answer may hold."""
    return Invalid(f"{field} has more than {most} rows, narrow it with its arguments")
