"""Records of real components on their way to the stream: timed, batched, bounded."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from services.deployments.contract import MOST_BATCH_BYTES, Component, DeploymentId, LogBatch, LogRecord
from services.deployments.logs.parsing import NO_TASK, Form, Head, TaskIds
from services.deployments.logs.pipes import Pipe
from services.deployments.logs.quota import Quota
from services.deployments.logs.stream import LogFeed
from shared.clock import utc_now
from shared.ids import new_id

PAUSE_S: Final = 0.05
"""How long records gather before they are written."""

SILENCE_S: Final = 0.1
"""After so long without another line a record is complete."""

TOLD_EVERY_S: Final = 1.0
"""How often it is told at most that lines were dropped."""

MOST_WAITING: Final = 5_000
MOST_WAITING_BYTES: Final = 8 * 1024 * 1024
"""Records of one component that wait; of more the oldest are dropped."""

LATE: Final = timedelta(minutes=1)
"""How much older than its arrival a line may be by its own time; else that is not believed."""

_OVERHEAD: Final = 1_024
_EPOCH: Final = datetime.fromtimestamp(0, UTC)
_INSTANT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class _Waiting:
    head: Head
    taken_at: datetime
    size: int


@dataclass(slots=True)
class LineWriter:
    """Writes what one component says; its pipes never wait, `run` does the writing until it is cancelled.

    The timestamp of a record is the line's own time where it has one, otherwise that of its arrival; later records of
    the component always have a later one, and none is of the future.
    """

    stream: LogFeed
    deployment_id: DeploymentId
    component: Component
    incarnation: str = field(default_factory=new_id)
    _waiting: deque[_Waiting] = field(default_factory=deque[_Waiting])
    _size: int = 0
    _open: set[Pipe] = field(default_factory=set[Pipe])
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _dropped: int = 0
    _told_at: float = 0.0
    _batches: int = 0
    _records: int = 0
    _last: datetime = _EPOCH

    def pipe(self, quota: Quota, task: TaskIds = NO_TASK) -> Callable[[bytes], None]:
        """Return what takes the output of one more source, which is about a task if all of it is."""

        def put(heads: list[Head], dropped: int) -> None:
            self._put(heads if task is NO_TASK else [replace(each, task=task) for each in heads], dropped)

        source = Pipe(quota, put)

        def take(written: bytes) -> None:
            source.take(written)
            if source.is_open:
                self._open.add(source)
                self._woken.set()

        return take

    async def run(self) -> None:
        """Write records as they come."""
        while True:
            await self._until_due()
            for source in list(self._open):
                source.flush(silent_s=SILENCE_S)
            self._open = {source for source in self._open if source.is_open}
            while records := self._next_records():
                await self.stream.write(self._batch(records))

    def _put(self, heads: Sequence[Head], dropped: int) -> None:
        self._dropped += dropped
        now = utc_now() if heads else _EPOCH
        for head in heads:
            size = len(head.message.encode())
            self._waiting.append(_Waiting(head, now, size))
            self._size += size
        while len(self._waiting) > MOST_WAITING or self._size > MOST_WAITING_BYTES:
            self._size -= self._waiting.popleft().size
            self._dropped += 1
        if heads or dropped:
            self._woken.set()

    async def _until_due(self) -> None:
        due_s = SILENCE_S if self._open else TOLD_EVERY_S if self._dropped else None
        try:
            async with asyncio.timeout(due_s):
                await self._woken.wait()
        except TimeoutError:
            return
        await asyncio.sleep(PAUSE_S)
        self._woken.clear()

    def _next_records(self) -> Sequence[LogRecord]:
        records: list[LogRecord] = []
        size = _OVERHEAD
        if self._dropped and time.monotonic() - self._told_at >= TOLD_EVERY_S:
            self._told_at = time.monotonic()
            text = f"{self._dropped} lines dropped: they came too fast"
            records.append(self._record(Head(form=Form.WHOLE, level="WARNING", message=text), utc_now()))
            self._dropped = 0
        while self._waiting and (not records or size + 2 * self._waiting[0].size + _OVERHEAD <= MOST_BATCH_BYTES):
            next_ = self._waiting.popleft()
            self._size -= next_.size
            records.append(self._record(next_.head, next_.taken_at))
            size += len(records[-1].model_dump_json(exclude_none=True).encode()) + 1
        return records

    def _record(self, head: Head, taken_at: datetime) -> LogRecord:
        self._records += 1
        own = head.time
        at = own if own is not None and taken_at - LATE <= own <= taken_at else taken_at
        self._last = max(at, self._last + _INSTANT)
        task = head.task
        return LogRecord(
            id=f"{self.incarnation}-{self.component}-{self._records}",
            timestamp=self._last,
            level=head.level,
            message=head.message,
            logger=head.logger,
            dag_id=task.dag_id,
            task_id=task.task_id,
            run_id=task.run_id,
            try_number=task.try_number,
            map_index=task.map_index,
        )

    def _batch(self, records: Sequence[LogRecord]) -> LogBatch:
        self._batches += 1
        return LogBatch(
            deployment=self.deployment_id,
            component=self.component,
            incarnation=self.incarnation,
            batch=self._batches,
            records=tuple(records),
        )
