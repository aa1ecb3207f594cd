"""A line's place in the history as text that a client can bring back."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from services.deployments.contract import LinePlace
from services.gateway.logs.cursor import microseconds
from shared.errors import Invalid

_EPOCH: Final = datetime.fromtimestamp(0, UTC)
_TEXT: Final = re.compile(r"(\d{1,17})-(\d{1,18})", re.ASCII)


def write_place(place: LinePlace) -> str:
    """Return what `read_place` reads."""
    return f"{microseconds(place.at)}-{place.number}"


def read_place(text: str) -> LinePlace:
    """Return the place that `write_place` told; raise Invalid for what is none."""
    match = _TEXT.fullmatch(text)
    if match is None:
        raise Invalid("before must be the cursor of a record")
    at, number = map(int, match.groups())
    return LinePlace(at=_EPOCH + timedelta(microseconds=at), number=number)
