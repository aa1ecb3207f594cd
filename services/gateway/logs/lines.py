"""One line of a log as the interface shows it, and which lines a viewer wants."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from services.deployments.contract import LineRow, LogBatch, LogRecord
from services.gateway.logs.places import write_place

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
    logger: str | None = None
    dag_id: str | None = None
    task_id: str | None = None
    run_id: str | None = None
    try_number: int | None = None
    map_index: int | None = None

    @property
    def uuid(self) -> str:
        """Return the id once more, for readers of 2018."""
        return self.id


@dataclass(frozen=True, slots=True)
class KeptLine(Line):
    """A line of the history, from which one can go further back."""

    cursor: str = ""


def line_of(record: LogRecord, batch: LogBatch, release: str) -> Line:
    """Return a record as the interface shows it."""
    return Line(**_shown(record, release, batch.component))


def kept_line_of(row: LineRow, release: str) -> KeptLine:
    """Return a record of the history as the interface shows it."""
    return KeptLine(**_shown(row, release, row.component), cursor=write_place(row.place))


def _shown(record: LogRecord, release: str, component: str) -> dict[str, Any]:
    return {
        "id": record.id,
        "timestamp": iso_time(record.timestamp),
        "release": release,
        "component": component,
        "level": record.level,
        "message": record.message,
        "logger": record.logger,
        "dag_id": record.dag_id,
        "task_id": record.task_id,
        "run_id": record.run_id,
        "try_number": record.try_number,
        "map_index": record.map_index,
    }


def dropped_line(batch: LogBatch, missing: int, release: str) -> Line:
    """Return the line that tells a viewer of `missing` batches before this one, 0 for an unknown number."""
    at = min((record.timestamp for record in batch.records), default=datetime.now(UTC))
    told = f"{missing} batches of lines dropped" if missing else "lines may be missing here: they were not kept so long"
    return Line(f"{batch.message_id()}/dropped", iso_time(at), release, batch.component, DROPPED, told)


def iso_time(time: datetime) -> str:
    """Return an aware time as ISO 8601 in UTC with `Z`, to the microsecond."""
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
