"""How far a viewer has come in a deployment's lines, as text that it can bring back."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from shared.errors import Invalid

OLDEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""No line is older."""

_EPOCH: Final = datetime.fromtimestamp(0, UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_TEXT: Final = re.compile(r"(\d{1,17})-(\d{1,17})-(\d{1,6})-(\d{1,17})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place behind a line: the stream by the microsecond it was made in, its message, the records seen of that.

    All three are 0 while nothing was read. `since` is what the viewer began with: older lines stay hidden.
    """

    since: datetime
    stream: int = 0
    sequence: int = 0
    seen: int = 0

    def text(self) -> str:
        """Return what `read_cursor` reads."""
        return f"{self.stream}-{self.sequence}-{self.seen}-{microseconds(max(self.since, OLDEST))}"


def read_cursor(text: str) -> Cursor:
    """Return the place that `Cursor.text` told; raise Invalid for what is none."""
    match = _TEXT.fullmatch(text)
    if match is None:
        raise Invalid("the Last-Event-ID must be the id of an event of this address")
    stream, sequence, seen, since = map(int, match.groups())
    return Cursor(since=_EPOCH + since * _MICROSECOND, stream=stream, sequence=sequence, seen=seen)


def microseconds(time: datetime) -> int:
    """Return an aware time as microseconds since 1970."""
    return (time - _EPOCH) // _MICROSECOND
