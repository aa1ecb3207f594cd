"""Lines as they stand in the history."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from services.deployments.contract import LogBatch, LogRecord

OVERHEAD: Final = 256
"""What a line counts besides its message; as log_line_overhead() says."""

COLUMNS: Final = (
    "origin",
    "told_at",
    "place",
    "id",
    "level",
    "message",
    "logger",
    "dag_id",
    "task_id",
    "run_id",
    "try_number",
    "map_index",
)

_MOST: Final = 2**31 - 1
_END_OF_LOG: Final = re.compile(r"\bend_of_log\b", re.IGNORECASE)


@dataclass(slots=True)
class Usage:
    """What is added to a part for one origin."""

    lines: int
    bytes: int
    first_at: datetime
    last_at: datetime


def rows_of(batch: LogBatch, origin: int, places: Iterator[int]) -> list[Sequence[Any]]:
    """Return the rows of a batch in the order of COLUMNS, without what only ends a task's log."""
    return [_row(record, origin, next(places)) for record in batch.records if not _END_OF_LOG.search(record.message)]


def usage_of(rows: Iterable[Sequence[Any]]) -> dict[int, Usage]:
    """Return what rows add, by origin."""
    found: dict[int, Usage] = {}
    for origin, told_at, _, _, _, message, *_ in rows:
        size = len(message.encode()) + OVERHEAD
        usage = found.get(origin)
        if usage is None:
            found[origin] = Usage(1, size, told_at, told_at)
            continue
        usage.lines += 1
        usage.bytes += size
        usage.first_at = min(usage.first_at, told_at)
        usage.last_at = max(usage.last_at, told_at)
    return found


def _row(record: LogRecord, origin: int, place: int) -> Sequence[Any]:
    told_at = record.timestamp if record.timestamp.tzinfo else record.timestamp.replace(tzinfo=UTC)
    texts = (record.id, record.level, record.message, record.logger, record.dag_id, record.task_id, record.run_id)
    return (origin, told_at, place, *map(_text, texts), _number(record.try_number), _number(record.map_index))


def _text(text: str | None) -> str | None:
    return text.replace("\x00", "") if text else text


def _number(number: int | None) -> int | None:
    return number if number is not None and abs(number) <= _MOST else None
