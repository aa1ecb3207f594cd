"""Tells failures that pass by themselves from those that a person must look at, and paces what is tried again."""

import random
import traceback
from typing import Final

import asyncpg
import nats.errors
from pydantic import ValidationError

from shared.errors import AerodromeError, OutcomeUnknown, Unavailable
from shared.followers.policy import Hopeless
from shared.postgres import is_away

_PASSING: Final = (
    MemoryError,
    Unavailable,
    OutcomeUnknown,
    nats.errors.Error,
    asyncpg.InvalidAuthorizationSpecificationError,  # a password that is being changed
    asyncpg.ReadOnlySQLTransactionError,  # a standby, while a fail-over is under way
    asyncpg.PostgresSystemError,  # input and output
    asyncpg.InvalidCachedStatementError,  # a rebuild has swapped the table: prepared anew at the next try
    asyncpg.InternalClientError,  # also what a connection says that was lost at a bad moment
)
_DATA_ERRORS: Final = "22"  # the texts of this class quote values
_LONGEST_TEXT: Final = 500


def passes(error: BaseException) -> bool:
    """Say whether `error` is of a connection, a time-out or a resource, so that trying again later may help."""
    return is_away(error) or isinstance(error, _PASSING)


def describe(error: BaseException) -> str:
    """Return what is kept of a failure: its kind and its place, and its text where that can quote no personal datum."""
    text = _text(error)
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}{': ' if text else ''}{text}"[:_LONGEST_TEXT]


def _text(error: BaseException) -> str:
    match error:
        case ValidationError():
            parts = error.errors(include_url=False, include_context=False, include_input=False)
            return "; ".join(f"{'.'.join(map(str, part['loc']))} {part['type']}" for part in parts)
        case asyncpg.PostgresError():
            return "" if (error.sqlstate or "").startswith(_DATA_ERRORS) else str(error).partition("\nDETAIL")[0]
        case AerodromeError() | Hopeless() | OSError() | nats.errors.Error():
            return str(error)
        case _:
            return ""


def jittered(seconds: float) -> float:
    """Return somewhat less than `seconds`, so that those who failed together do not try again together."""
    return seconds * random.uniform(0.5, 1.0)  # noqa: S311 -- no secret


class Backoff:
    """The seconds to wait before each further try: doubling, bounded, and jittered so that replicas spread."""

    def __init__(self, *, first_s: float = 0.1, longest_s: float = 2.0) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._next_s = first_s

    def next_s(self) -> float:
        """Return how long to wait this time."""
        delay_s = self._next_s
        self._next_s = min(self._longest_s, delay_s * 2)
        return jittered(delay_s)

    def reset(self) -> None:
        """Begin again with the shortest wait: the last try went well."""
        self._next_s = self._first_s
