"""When a remembered caller may be used: never what is older than what identity has said since."""

from services.gateway.callers import MOST_REVOKED, _Revoked
from services.identity.contract import Authenticated
from shared.auth import Principal

ANN = Authenticated(principal=Principal(subject="ann"), streams=("user-ann", "session-1"), position=10)


def test_what_was_read_before_a_stream_went_on_is_old() -> None:
    revoked = _Revoked()
    revoked.note(["session-1"], 11)
    assert revoked.hits(ANN, asked_at=0.0)


def test_what_was_read_after_a_stream_went_on_is_not_old_however_late_that_is_heard() -> None:
    revoked = _Revoked()
    revoked.note(["user-ann"], 10)
    revoked.note(["user-bob"], 99)
    assert not revoked.hits(ANN, asked_at=0.0)


def test_news_without_a_position_make_old_what_was_asked_before_they_came() -> None:
    revoked = _Revoked()
    revoked.note(["user-ann"], 0)
    heard_at = revoked.streams["user-ann"].heard_at
    assert revoked.hits(ANN, asked_at=heard_at - 1)
    assert not revoked.hits(ANN, asked_at=heard_at + 1)


def test_news_without_a_position_and_news_with_one_do_not_hide_each_other() -> None:
    for positions in ((10, 0), (0, 10)):
        revoked = _Revoked()
        for position in positions:
            revoked.note(["user-ann"], position)
        assert revoked.hits(ANN, asked_at=0.0)
        assert not revoked.hits(ANN, asked_at=revoked.streams["user-ann"].heard_at + 1)


def test_news_that_come_out_of_order_do_not_undo_later_ones() -> None:
    revoked = _Revoked()
    revoked.note(["user-ann"], 12)
    revoked.note(["user-ann"], 9)
    assert revoked.hits(ANN, asked_at=0.0)


def test_more_news_than_are_remembered_make_everything_old_that_was_asked_before() -> None:
    revoked = _Revoked()
    revoked.note((f"user-{number}" for number in range(MOST_REVOKED + 1)), 1)
    assert len(revoked.streams) == MOST_REVOKED
    assert revoked.hits(ANN, asked_at=revoked.all_at)
    assert not revoked.hits(ANN, asked_at=revoked.all_at + 1)
