"""Pages of rows: as many as were asked for, and no more than an answer can hold."""

from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

from shared.messages import Row

R = TypeVar("R", bound=Row)

MOST_BYTES: Final = 480 * 1024
"""Bytes of rows in one answer; the rest of the 512 kB is the envelope's."""


def page(rows: Sequence[R], *, limit: int) -> tuple[tuple[R, ...], bool]:
    """Return the first of `rows`, at most `limit` and MOST_BYTES but at least one, and whether others follow.

    `rows` holds one more than `limit` where there are more.
    """
    kept = tuple(_fitting(rows[:limit]))
    return kept, len(kept) < len(rows)


def _fitting(rows: Iterable[R]) -> Iterable[R]:
    size = 0
    for number, row in enumerate(rows):
        size += len(row.model_dump_json().encode())
        if number and size > MOST_BYTES:
            return
        yield row
