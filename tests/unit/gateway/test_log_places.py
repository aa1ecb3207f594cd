"""From when on lines are wanted, and the cursor that a viewer brings back."""

from datetime import UTC, datetime, timedelta

import pytest

from services.gateway.logs.cursor import OLDEST, Cursor, read_cursor
from services.gateway.logs.since import read_since
from shared.errors import Invalid

NOW = datetime(2026, 8, 13, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("5m", timedelta(minutes=5)),
        ("1h30m", timedelta(minutes=90)),
        ("2d", timedelta(days=2)),
        ("90S", timedelta(seconds=90)),
        ("0s", timedelta(0)),
        ("PT5M", timedelta(minutes=5)),
        ("pt1h30m", timedelta(minutes=90)),
        ("P2DT1S", timedelta(days=2, seconds=1)),
        ("999999999h", NOW - OLDEST),
    ],
)
def test_a_span_is_before_now(text: str, before: timedelta) -> None:
    assert read_since(text, now=NOW) == NOW - before


@pytest.mark.parametrize(
    "text",
    [
        "2026-08-13T15:00:00.5Z",
        "2026-08-13t17:00:00.500000001+02:00",
        "2026-08-13T17:00:00.5 02:00",
        "2026-08-13 15:00:00.5Z",
    ],
)
def test_a_time_is_rfc_3339_also_where_an_address_has_lost_its_plus(text: str) -> None:
    assert read_since(text, now=NOW) == datetime(2026, 8, 13, 15, 0, 0, 500_000, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "5", "P5M", "P", "PT", "-5m", "5 m", "m5", "yesterday", "2026-08-13", "5m1h", "\u0665m"]
)
def test_anything_else_is_no_beginning(text: str) -> None:
    with pytest.raises(Invalid, match="since must be a time"):
        read_since(text, now=NOW)


@pytest.mark.parametrize(
    "cursor",
    [Cursor(NOW), Cursor(NOW + timedelta(microseconds=1), stream=1_786_636_800_000_000, sequence=10**12, seen=200)],
)
def test_a_cursor_comes_back_as_it_went(cursor: Cursor) -> None:
    assert read_cursor(cursor.text()) == cursor
    assert "\n" not in cursor.text()


def test_a_cursor_begins_no_earlier_than_lines_do() -> None:
    assert read_cursor(Cursor(datetime(1, 1, 1, tzinfo=UTC)).text()) == Cursor(OLDEST)


@pytest.mark.parametrize("text", ["", "1", "1-2-3", "1-2-3-x", "1-2-3-4-5", "-1-2-3-4", f"1-2-3-{10**17}", "1-2-3-4\n"])
def test_anything_else_is_no_cursor(text: str) -> None:
    with pytest.raises(Invalid, match="Last-Event-ID"):
        read_cursor(text)
