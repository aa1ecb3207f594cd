"""The one clock: aware UTC times."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the present time, aware, in UTC, to the microsecond."""
    return datetime.now(UTC)
