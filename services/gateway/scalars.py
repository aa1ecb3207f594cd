"""The scalars of the schema: JSON, opaque ids and times."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, cast

from ariadne import ScalarType
from graphql import GraphQLError, Undefined

from services.gateway.requests import as_list

_RFC_3339: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)


def parse_json(value: Any) -> Any:
    """Return a JSON value without the members whose variable was not given; refuse numbers that JSON can't write."""
    match value:
        case dict():
            members = cast("Mapping[str, Any]", value)
            return {key: parse_json(member) for key, member in members.items() if member is not Undefined}
        case float() if not math.isfinite(value):
            raise GraphQLError("JSON cannot represent a number that is not finite")
        case _:
            return _parse_items(value)


def _parse_items(value: Any) -> Any:
    items = as_list(value)
    return value if items is None else [None if item is Undefined else parse_json(item) for item in items]


def parse_opaque(value: Any) -> str:
    """Return an id as text; its format is nobody's business."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise GraphQLError("an id must be a string")


def parse_datetime(value: Any) -> datetime | None:
    """Return an RFC 3339 time in UTC, cut to the microsecond; "" is no time."""
    if isinstance(value, str):
        if not value:
            return None
        match = _RFC_3339.fullmatch(value)
        if match:
            day, clock, fraction, zone = match.groups()
            text = f"{day}T{clock}.{(fraction or '0')[:6].ljust(6, '0')}{zone.upper().replace('Z', '+00:00')}"
            try:
                return datetime.fromisoformat(text).astimezone(UTC)
            except (ValueError, OverflowError):
                pass
    raise GraphQLError("a DateTime must be RFC 3339 text, as in 2026-08-13T16:51:53Z")


def serialize_datetime(value: datetime) -> str:
    """Return an aware time as ISO 8601 in UTC with `Z`, to the millisecond."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


SCALARS: Final = [
    ScalarType("JSON", value_parser=parse_json),
    ScalarType("Uuid", serializer=str, value_parser=parse_opaque),
    ScalarType("Id", serializer=str, value_parser=parse_opaque),
    ScalarType("DateTime", serializer=serialize_datetime, value_parser=parse_datetime),
]
