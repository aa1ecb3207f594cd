"""Which failures pass by themselves, what is kept of the others, and how tries are paced."""

import asyncpg
import nats.errors
import pytest
from pydantic import BaseModel, ValidationError

from shared.errors import Invalid, OutcomeUnknown, Unavailable
from shared.followers.failures import Backoff, describe, passes


class Strict(BaseModel):
    number: int


def failed(error: Exception) -> Exception:
    """Return an error as it is after it was raised."""
    with pytest.raises(type(error)) as raised:
        _fail(error)
    return raised.value


def _fail(error: Exception) -> None:
    raise error


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError(),
        TimeoutError(),
        MemoryError(),
        Unavailable("not now"),
        OutcomeUnknown("who knows"),
        nats.errors.ConnectionClosedError(),
        asyncpg.ConnectionDoesNotExistError("gone"),
        asyncpg.AdminShutdownError("shutdown"),
        asyncpg.TooManyConnectionsError("too many"),
        asyncpg.DiskFullError("full"),
        asyncpg.DeadlockDetectedError("deadlock"),
        asyncpg.LockNotAvailableError("locked"),
        asyncpg.QueryCanceledError("statement timeout"),
        asyncpg.ReadOnlySQLTransactionError("standby"),
        asyncpg.InvalidCachedStatementError("swapped"),
        asyncpg.InternalClientError("cannot switch to state 12"),
        asyncpg.InterfaceError("connection is closed"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_connections_time_outs_and_resources_pass(error: Exception) -> None:
    assert passes(error)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("no"),
        KeyError("no"),
        Invalid("no"),
        asyncpg.CheckViolationError("no"),
        asyncpg.UniqueViolationError("no"),
        asyncpg.UndefinedTableError("no"),
        asyncpg.NumericValueOutOfRangeError("no"),
        asyncpg.InterfaceError("the server expects 1 argument for this query, 2 were passed"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_mistakes_do_not_pass(error: Exception) -> None:
    assert not passes(error)


def test_a_description_names_kind_place_and_our_own_text() -> None:
    assert describe(failed(Unavailable("not now"))).startswith("Unavailable at test_failures.py:")
    assert describe(failed(Unavailable("not now"))).endswith(": not now")
    assert describe(asyncpg.CheckViolationError("violates check total")) == "CheckViolationError: violates check total"
    assert len(describe(Unavailable("x" * 10_000))) == 500


def test_a_description_quotes_no_value() -> None:
    with pytest.raises(ValidationError) as wrong:
        Strict.model_validate({"number": "jane@example.com"})
    quoting = asyncpg.InvalidTextRepresentationError('invalid input syntax for type uuid: "jane@example.com"')

    assert "jane" not in describe(wrong.value)
    assert describe(wrong.value).endswith("number int_parsing")
    assert describe(quoting) == "InvalidTextRepresentationError"
    assert describe(ValueError("jane@example.com")) == "ValueError"


def test_waits_double_up_to_the_longest_and_begin_again() -> None:
    backoff = Backoff(first_s=1, longest_s=5)

    waits = [backoff.next_s() for _ in range(5)]

    for wait, full in zip(waits, [1, 2, 4, 5, 5], strict=True):
        assert full / 2 <= wait <= full
    backoff.reset()
    assert backoff.next_s() <= 1
