"""One line of a log as the interface shows it, and which lines a viewer wants."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from services.deployments.contract import LogBatch, LogRecord

DROPPED: Final = "WARNING"


@dataclass(frozen=True, slots=True)
class Line:
    """A record with what stands around it; fields are named as in the schema."""

    id: str
    timestamp: str
    release: str
    component: str
    level: str | None
    message: str

    @property
    def uuid(self) -> str:
        """Return the id once more, for readers of 2018."""
        return self.id


def line_of(record: LogRecord, batch: LogBatch, release: str) -> Line:
    """Return a record as the interface shows it."""
    return Line(record.id, iso_time(record.timestamp), release, batch.component, record.level, record.message)


def dropped_line(batch: LogBatch, missing: int, release: str) -> Line:
    """Return the line that tells a viewer of `missing` batches before this one, 0 for an unknown number."""
    at = min((record.timestamp for record in batch.records), default=datetime.now(UTC))
    told = f"{missing} batches of lines dropped" if missing else "lines may be missing here: they were not kept so long"
    return Line(f"{batch.message_id()}/dropped", iso_time(at), release, batch.component, DROPPED, told)


def iso_time(time: datetime) -> str:
    """Return an aware time as ISO 8601 in UTC with `Z`, to the microsecond."""
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
