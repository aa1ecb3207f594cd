"""How an order that is asked for is put to the database."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, TypeVar

from services.identity.contract import Order

FieldT = TypeVar("FieldT", bound=StrEnum)

BY_CREATION: Final = "created_at:asc"


def criteria(orders: Sequence[Order[FieldT]]) -> list[str]:
    """Return the criteria, `<field>:asc` or `<field>:desc`, the most important first; each field counts once."""
    first: dict[str, str] = {}
    for each in orders:
        first.setdefault(each.by, f"{each.by}:{'desc' if each.down else 'asc'}")
    return list(first.values()) or [BY_CREATION]


def query_of(name: str, wanted: Sequence[str]) -> str:
    """Return the name of the query that reads a list in this order from an index."""
    return f"{name}:{wanted[0]}{'+' if len(wanted) > 1 else ''}"
