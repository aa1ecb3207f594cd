"""From when on lines are wanted: a time, or a span before now."""

import re
from datetime import datetime, timedelta
from typing import Final

from graphql import GraphQLError

from services.gateway.logs.cursor import OLDEST
from services.gateway.scalars import parse_datetime
from shared.errors import Invalid

_CLOCK: Final = r"(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?"
_SPAN: Final = re.compile(rf"(?:(\d{{1,6}})d)?{_CLOCK}", re.ASCII | re.IGNORECASE)
_ISO_SPAN: Final = re.compile(rf"P(?:(\d{{1,6}})D)?(?:T{_CLOCK})?", re.ASCII | re.IGNORECASE)
_PLUS_LOST: Final = re.compile(r"(:\d{2}(?:\.\d{1,9})?) (\d{2}:\d{2})", re.ASCII)


def read_since(text: str, *, now: datetime) -> datetime:
    """Return the time that a text means: RFC 3339, or a span before `now` such as 5m, 1h30m or PT5M.

    Raises Invalid for anything else. A plus sign that became a space in an address is one again.
    """
    span = _span(text)
    if span is not None:
        return now - min(span, now - OLDEST)
    try:
        found = parse_datetime(_PLUS_LOST.sub(r"\1+\2", text))
    except GraphQLError:
        found = None
    if found is None:
        raise Invalid("since must be a time as 2026-08-13T16:51:53Z, or a span as 5m, 1h30m or PT5M")
    return found


def _span(text: str) -> timedelta | None:
    match = _SPAN.fullmatch(text) or _ISO_SPAN.fullmatch(text)
    if match is None or not any(match.groups()):
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
