"""Ids of things: CUID text, sortable by time, made by the one helper of the project."""

import secrets
import time
from typing import Final
from uuid import UUID, uuid4

_ALPHABET: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_TIME_DIGITS: Final = 8
_RANDOM_DIGITS: Final = 16


def new_id() -> str:
    """Return a new CUID: `c`, 8 base-36 digits of milliseconds since 1970, 16 random ones (82 bits).

    Shape: 25 characters `^c[a-z0-9]{24}$`; ids made later sort later, to the millisecond, until the year 2059.
    Source: the random part comes from the system's secure generator.
    """
    return (
        "c"
        + _base36(time.time_ns() // 1_000_000, _TIME_DIGITS)
        + _base36(secrets.randbelow(36**_RANDOM_DIGITS), _RANDOM_DIGITS)
    )


def new_message_id() -> UUID:
    """Return a random id for a command, event or message."""
    return uuid4()


def _base36(number: int, digits: int) -> str:
    text = ""
    for _ in range(digits):
        number, digit = divmod(number, 36)
        text = _ALPHABET[digit] + text
    return text
