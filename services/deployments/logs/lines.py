"""Lines of real components on their way to the stream: read for level and time, batched, bounded."""

import asyncio
import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import BaseModel, ValidationError

from services.deployments.contract import MOST_BATCH_BYTES, Component, DeploymentId, LogBatch, LogRecord
from services.deployments.logs.stream import LogFeed
from shared.clock import utc_now
from shared.ids import new_id

PAUSE_S: Final = 0.05
"""How long lines gather before they are written."""

MOST_WAITING: Final = 5_000
"""Lines of one component that wait; of more the oldest are dropped, and the next record says how many."""

_MOST_LINE: Final = 16 * 1024
_MOST_RECORDS: Final = 200
_EPOCH: Final = datetime.fromtimestamp(0, UTC)
_INSTANT: Final = timedelta(microseconds=1)
_ANSI: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_LEVELS: Final = frozenset({"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"})


@dataclass(slots=True)
class LineWriter:
    """Writes what one component says; `put` never waits, `run` does the writing until it is cancelled."""

    stream: LogFeed
    deployment_id: DeploymentId
    component: Component
    incarnation: str = field(default_factory=new_id)
    _waiting: deque[str] = field(default_factory=lambda: deque[str](maxlen=MOST_WAITING))
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _dropped: int = 0
    _batches: int = 0
    _records: int = 0
    _last: datetime = _EPOCH

    def put(self, line: bytes) -> None:
        """Take a line, without its end."""
        if len(self._waiting) == MOST_WAITING:
            self._dropped += 1
        self._waiting.append(line[:_MOST_LINE].decode(errors="replace"))
        self._woken.set()

    async def run(self) -> None:
        """Write lines as they come."""
        while True:
            await self._woken.wait()
            await asyncio.sleep(PAUSE_S)
            self._woken.clear()
            while records := self._next_records():
                await self.stream.write(self._batch(records))

    def _next_records(self) -> Sequence[LogRecord]:
        records: list[LogRecord] = []
        size = 0
        if self._dropped:
            records.append(self._record("WARNING", f"{self._dropped} lines dropped: they came too fast"))
            self._dropped = 0
        while self._waiting and len(records) < _MOST_RECORDS and size < MOST_BATCH_BYTES // 2:
            level, message = read_line(self._waiting.popleft())
            records.append(self._record(level, message))
            size += len(message.encode())
        return records

    def _record(self, level: str | None, message: str) -> LogRecord:
        self._records += 1
        self._last = max(utc_now(), self._last + _INSTANT)
        id_ = f"{self.incarnation}-{self.component}-{self._records}"
        return LogRecord(id=id_, timestamp=self._last, level=level, message=message)

    def _batch(self, records: Sequence[LogRecord]) -> LogBatch:
        self._batches += 1
        return LogBatch(
            deployment=self.deployment_id,
            component=self.component,
            incarnation=self.incarnation,
            batch=self._batches,
            records=tuple(records),
        )


class _Structured(BaseModel):
    """A line of Airflow 3.2 and newer."""

    event: str
    level: str = ""


def read_line(line: str) -> tuple[str | None, str]:
    """Return the level and the text of a line; Airflow 3.2 and newer write JSON objects with `event` and `level`."""
    text = _ANSI.sub("", line).rstrip()
    if not text.startswith("{"):
        return None, text
    try:
        found = _Structured.model_validate_json(text)
    except ValidationError:
        return None, text
    level = found.level.upper()
    return level if level in _LEVELS else None, found.event
