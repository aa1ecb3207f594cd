"""What `aerodrome logs` makes of events and lines."""

from collections.abc import AsyncGenerator

import pytest

from services.cli.folder import CannotStart
from services.cli.logs import Asked, line_of
from services.cli.sse import Event, Place, read_events

RECORD = {
    "id": "r1",
    "timestamp": "2026-08-13T16:00:00.123456Z",
    "release": "calm-comet-0001",
    "component": "scheduler",
    "level": "ERROR",
    "message": "it broke",
}
BODY = (
    b"retry: 3000\nid: a\n\n: still here\n\nid: b\ndata: one\ndata:two\n\n"
    b"event: end\r\ndata: \xe2\x82\xac\r\n\r\nid: c\ndata: half"
)


async def in_pieces(size: int) -> AsyncGenerator[bytes]:
    for start in range(0, len(BODY), size):
        yield BODY[start : start + size]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
async def test_events_are_read_whole_however_they_arrive(size: int) -> None:
    place = Place()
    events = [event async for event in read_events(in_pieces(size), place)]
    assert events == [Event("message", "one\ntwo"), Event("end", "€")]
    assert place == Place(last_id="b", retry_s=3.0)


def test_a_line_tells_time_component_level_and_text() -> None:
    assert line_of(RECORD, coloured=False) == "2026-08-13T16:00:00.123Z scheduler ERROR it broke"
    bare = {**RECORD, "level": None}
    assert line_of(bare, coloured=True) == "2026-08-13T16:00:00.123Z scheduler it broke"


def test_only_levels_that_matter_are_coloured() -> None:
    assert line_of(RECORD, coloured=True).startswith("\x1b[31m2026")
    assert line_of({**RECORD, "level": "WARNING"}, coloured=True).startswith("\x1b[33m")
    assert "\x1b" not in line_of({**RECORD, "level": "INFO"}, coloured=True)


def test_a_message_can_not_steer_a_terminal() -> None:
    assert line_of({**RECORD, "message": "\x1b]0;owned\x07a\tb"}, coloured=False).endswith("\\x1b]0;owned\\x07a\tb")


@pytest.mark.parametrize(("token", "said"), [(" ", "AERODROME_TOKEN"), ("a\nb", "AERODROME_TOKEN"), ("ä", "AERODROME")])
def test_a_token_that_is_none_is_not_sent(token: str, said: str) -> None:
    with pytest.raises(CannotStart, match=said):
        _ = Asked(url="http://x", token=token, deployment="d").headers


def test_a_token_is_not_shown_with_what_is_asked() -> None:
    assert "s3cret" not in repr(Asked(url="http://x", token="s3cret", deployment="d"))
