"""The parameters of lists: the page, the order, repeated texts. Source: iam.md, section 5."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from multidict import MultiMapping

from services.gateway.iam.refusals import invalid
from services.identity.contract import Order
from shared.messages import MOST_ROWS

MOST_LIMIT: Final = 1_000
DEFAULT_LIMIT: Final = 20
_MOST: Final = 2**31 - 1

FieldT = TypeVar("FieldT", bound=StrEnum)
R = TypeVar("R")

Fetch = Callable[[int, int], Awaitable[tuple[Sequence[R], bool, int]]]
"""Returns rows from an offset on, at most so many, whether more follow, and how many there are in all."""


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is asked for."""

    offset: int
    limit: int


def read_page(query: MultiMapping[str], *, most: int = MOST_LIMIT) -> Page:
    """Return the page that the parameters `offset` and `limit` name; raise Refused for what is out of range."""
    return Page(_number(query, "offset", 0, _MOST), _number(query, "limit", DEFAULT_LIMIT, most))


def read_texts(query: MultiMapping[str], name: str) -> tuple[str, ...] | None:
    """Return the values of a parameter that may be repeated, also written with `[]`; None where there is none."""
    found = [*query.getall(name, []), *query.getall(f"{name}[]", [])]
    return tuple(found) if found else None


def read_orders(query: MultiMapping[str], fields: Mapping[str, FieldT]) -> tuple[Order[FieldT], ...]:
    """Return the criteria of `sorts`; `fields` are the names that may be sorted by. Raises Refused."""
    orders: dict[str, Order[FieldT]] = {}
    for text in read_texts(query, "sorts") or ():
        name, _, way = text.partition(":")
        if name not in fields or way not in {"asc", "desc"}:
            offered = ", ".join(f"{each}:asc, {each}:desc" for each in fields)
            raise invalid(f"sorts: {text!r} is none of {offered}")
        orders.setdefault(name, Order(by=fields[name], down=way == "desc"))
    return tuple(orders.values())


async def read_list(page: Page, fetch: Fetch[R]) -> tuple[list[R], int]:
    """Return the rows of a page, and how many the list has."""
    rows: list[R] = []
    while True:
        found, more, count = await fetch(page.offset + len(rows), min(page.limit - len(rows), MOST_ROWS))
        rows += found
        if not more or not found or len(rows) >= page.limit:
            return rows, count


def _number(query: MultiMapping[str], name: str, default: int, most: int) -> int:
    if name not in query:
        return default
    text = query[name]
    if not text.isascii() or not text.isdigit() or int(text[:20]) > most:
        raise invalid(f"{name} must be a whole number from 0 to {most}")
    return int(text)
