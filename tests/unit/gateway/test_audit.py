"""The pages of several services as one list."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.gateway.audit import merge, read_cursor, write_cursor
from shared.audit.messages import AuditPage, AuditRow, Before
from shared.errors import Invalid

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def row(second: int, number: int = 0) -> AuditRow:
    id_ = UUID(int=number or second)
    time = NOON + timedelta(seconds=second)
    return AuditRow(id=id_, time=time, outcome="done", action="x", message_id=id_, correlation_id=id_)


def page(*seconds: int, more: bool = False) -> AuditPage:
    return AuditPage(rows=tuple(row(second) for second in seconds), more=more)


def seconds(pages: dict[str, AuditPage], *, take: int = 100) -> tuple[list[int], bool]:
    merged = merge(pages, take=take)
    return [int((found.row.time - NOON).total_seconds()) for found in merged.records], merged.before is not None


def test_the_newest_of_all_services_come_first() -> None:
    assert seconds({"a": page(9, 5, 1), "b": page(8, 2), "c": page()}) == ([9, 8, 5, 2, 1], False)


def test_a_page_ends_where_it_was_asked_to_end_and_goes_on_behind_its_last_record() -> None:
    pages = {"a": page(9, 5, 1), "b": page(8, 2)}
    assert seconds(pages, take=3) == ([9, 8, 5], True)
    assert merge(pages, take=3).before == Before(time=row(5).time, id=row(5).id)


def test_what_is_older_than_the_end_of_a_page_that_ended_early_waits_for_the_next() -> None:
    assert seconds({"a": page(9, 5, more=True), "b": page(8, 4, 2)}) == ([9, 8, 5], True)


def test_records_of_one_instant_keep_an_order() -> None:
    pages = {"a": AuditPage(rows=(row(1, 7),)), "b": AuditPage(rows=(row(1, 8),))}
    assert [found.row.id.int for found in merge(pages, take=2).records] == [8, 7]


def test_a_cursor_is_read_as_it_was_written() -> None:
    before = Before(time=NOON, id=UUID(int=5))
    assert read_cursor(write_cursor(before)) == before
    assert (read_cursor(None), read_cursor(""), write_cursor(None)) == (None, None, None)


@pytest.mark.parametrize("text", ["x", "é", "bm90IGpzb24=", "e30="])
def test_a_cursor_of_another_make_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        read_cursor(text)
