"""A history of log lines on a database of a test, and what a test does to it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from services.deployments.contract import Component, LogBatch, LogRecord
from services.deployments.log_history.job import POOL
from services.deployments.log_history.limits import HistoryLimits
from services.deployments.log_history.search import Sought, find_lines
from services.deployments.log_history.source import Arrived, Place
from services.deployments.log_history.table import LogTable, PartLimits
from services.deployments.log_history.upkeep import Upkeep
from shared.postgres import close_pool, open_pool
from shared.store.model import PgPool
from tests.servers import Database

MEBIBYTE = 1024 * 1024
START = datetime(2026, 8, 13, 16, 0, tzinfo=UTC)
SMALL = PartLimits(lines=10)
DEPLOYMENT = "cdeployment"


@dataclass
class History:
    """Writes lines as the service does with what comes from the stream, and finds them."""

    pool: PgPool
    limits: PartLimits = field(default_factory=PartLimits)
    batches: int = 0

    @property
    def table(self) -> LogTable:
        """Where lines are written."""
        return LogTable(self.pool, limits=self.limits)

    async def write(self, *messages: str, at: datetime = START, **of_batch: Any) -> Place:
        """Write one batch of the next number; its records are 1 ms apart."""
        self.batches += 1
        of_batch.setdefault("batch", self.batches)
        return await self.take(batch_of(*messages, at=at, **of_batch))

    async def take(self, *batches: LogBatch) -> Place:
        """Write batches that arrive together."""
        seen = await self.table.place()
        arrived = [
            Arrived(seen.sequence + number, batch.deployment, batch.component, batch)
            for number, batch in enumerate(batches, 1)
        ]
        return await self.table.take(seen, 1, arrived)

    async def messages(self, deployment: str = DEPLOYMENT, *, most: int = 800, **sought: Any) -> list[str]:
        """Return the messages that are found, the newest first."""
        found = await find_lines(self.pool, Sought(deployment_id=deployment, most=most, **sought))
        return [line.message for line in found]

    async def parts(self) -> list[int]:
        """Return the numbers of the parts, of which each is a table."""
        rows = await self.pool.fetch("select number from log_parts order by number")
        tables = await self.pool.fetch("select relname from pg_class where relname ~ '^lines_[0-9]+$'")
        numbers = [row["number"] for row in rows]
        assert {row["relname"] for row in tables} == {f"lines_{number}" for number in numbers}
        return numbers

    def upkeep(self, **limits: Any) -> Upkeep:
        """Return who keeps it in order, by default without any limit."""
        generous = HistoryLimits(age=timedelta(days=3650), most_bytes=2**50, deployment_bytes=2**50)
        return Upkeep(self.pool, replace(generous, **limits), repeats=timedelta(days=7))


def batch_of(
    *messages: str,
    at: datetime = START,
    batch: int = 1,
    component: str = Component.SCHEDULER,
    deployment: str = DEPLOYMENT,
    incarnation: str = "one",
    **of_records: Any,
) -> LogBatch:
    """Return a batch as components write it."""
    records = tuple(
        LogRecord(
            id=f"{incarnation}-{component}-{batch}-{index}",
            timestamp=at + timedelta(milliseconds=index),
            message=message,
            **of_records,
        )
        for index, message in enumerate(messages)
    )
    return LogBatch(deployment=deployment, component=component, incarnation=incarnation, batch=batch, records=records)


@asynccontextmanager
async def history_on(database: Database) -> AsyncGenerator[History]:
    """Give a history on the service's own connections."""
    pool = await open_pool(database.app_dsn, service="deployments", shape=POOL)
    try:
        yield History(pool)
    finally:
        await close_pool(pool)
