"""Jobs: who acts, under which id, and what a row projection folds."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from shared.followers.policy import Job
from shared.followers.projection import RowProjection
from shared.messages import Event, Metadata, Row
from shared.store.model import Recorded

ORIGIN = Metadata(message_id=UUID(int=2), correlation_id=UUID(int=3), causation_id=UUID(int=4), credential="cmsession")
JOB = Job(kind="mail", key="a/1", payload="{}", id=1, attempts=1, origin=ORIGIN)


class Raised(Event):
    type_name = "counter.raised"

    by: int


class Total(Row):
    id: str
    total: int


class Nameless(Row):
    total: int


def test_every_attempt_at_a_job_sends_the_same_command() -> None:
    again = Job(kind="mail", key="a/1", payload="{}", id=1, attempts=2, origin=ORIGIN)

    assert again.message_id() == JOB.message_id()
    assert (
        len(
            {
                JOB.message_id(),
                JOB.message_id("second"),
                Job(kind="mail", key="a/2", payload="", origin=ORIGIN).message_id(),
            }
        )
        == 3
    )


def test_a_job_that_nobody_claimed_has_no_origin() -> None:
    with pytest.raises(TypeError, match="mail/a/1"):
        Job(kind="mail", key="a/1", payload="{}").context("invites")


def projection(row: type[Row]) -> RowProjection[Row]:
    def evolve(before: Row | None, recorded: Recorded) -> Row | None:
        assert isinstance(recorded.event, Raised)
        total = before.total if isinstance(before, Total) else 0
        return Total(id=recorded.stream.partition("-")[2], total=total + recorded.event.by)

    return RowProjection(
        name="totals", stream_kind="counter", table="totals", row=row, evolve=evolve, load="", delete="", insert=""
    )


def test_a_row_is_folded_from_its_history() -> None:
    history = [
        Recorded(n, "counter-a", n, UUID(int=n), "counter.raised", 1, Raised(by=n), b"", datetime.now(UTC), "{}")
        for n in (1, 2, 3)
    ]

    assert projection(Total).fold(history) == Total(id="a", total=6)
    assert projection(Total).fold(history, onto=Total(id="a", total=10)) == Total(id="a", total=16)
    assert projection(Total).fold([]) is None


def test_a_row_needs_an_id() -> None:
    with pytest.raises(TypeError, match="Nameless has no field id"):
        projection(Nameless)
