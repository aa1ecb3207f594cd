"""Keeps the history searchable and within its limits: in small steps, by one replica at a time."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg
from asyncpg import Record
from prometheus_client import Gauge

from services.deployments.log_history.limits import HistoryLimits
from services.deployments.statements import LOG_QUERIES
from shared.clock import utc_now
from shared.followers.leadership import lead
from shared.followers.loops import Loop
from shared.store.model import PgPool

log = logging.getLogger(__name__)

BYTES: Final = Gauge("aerodrome_log_history_bytes", "Bytes on disk of the history of log lines.")

STEP_LINES: Final = 5_000
"""What is removed at once at most."""

LOOK_S: Final = 2.0
_LOCK_S: Final = 0.2
_ALWAYS: Final = datetime(9999, 1, 1, tzinfo=UTC)
_REPEATS: Final = timedelta(days=1)


class Upkeep(Loop):
    """Indexes what is closed, and removes what is too old or too much, or of a deployment that is gone.

    `repeats`: for how long the stream may bring a batch once more.
    """

    def __init__(self, pool: PgPool, limits: HistoryLimits, *, repeats: timedelta) -> None:
        super().__init__("log upkeep")
        self._pool = pool
        self._limits = limits
        self._repeats = repeats + _REPEATS

    async def once(self) -> None:
        """Do what there is to do, then wait."""
        async with lead(self._pool, self.name) as leading:
            if leading is not None:
                await self.tidy(utc_now())
                while await self.index_one() and not self.stopping:
                    await self.tidy(utc_now())
        await self.pause(LOOK_S)

    async def index_one(self) -> bool:
        """Index a part that was closed; say whether there was one."""
        part = await self._pool.fetchval(LOG_QUERIES["next_part_to_index"])
        if part is not None:
            await self._pool.execute(LOG_QUERIES["index_log_part"], part)
            log.info("part of the log history indexed", extra={"part": part})
        return part is not None

    async def tidy(self, now: datetime) -> None:
        """Hold the history to its limits."""
        for row in await self._rows("old_log_parts", now - self._limits.age):
            await self._drop(row["number"], now - self._limits.age)
        await self._hold_total()
        for row in await self._rows("gone_log_deployments"):
            await self._trim(row["deployment_id"], to=0)
            await self._rows("forget_log_origins", row["deployment_id"])
        for row in await self._rows("large_log_deployments", self._limits.deployment_bytes):
            await self._trim(row["deployment_id"], to=self._limits.deployment_bytes)
        await self._rows("forget_log_incarnations", self._repeats)

    async def _hold_total(self) -> None:
        sizes = await self._rows("log_part_sizes")
        total = sum(row["bytes"] for row in sizes)
        for row in sizes:
            if total > self._limits.most_bytes and row["closed"] and await self._drop(row["number"], _ALWAYS):
                total -= row["bytes"]
        BYTES.set(total)

    async def _drop(self, part: int, before: datetime) -> bool:
        """Drop a part; False where it is in use, until the next time."""
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute("select set_config('lock_timeout', $1, true)", f"{int(_LOCK_S * 1000)}ms")
                gone = bool(await connection.fetchval(LOG_QUERIES["drop_log_part"], part, before))
        except asyncpg.LockNotAvailableError:
            return False
        if gone:
            log.info("part of the log history dropped", extra={"part": part})
        return gone

    async def _trim(self, deployment_id: str, *, to: int) -> None:
        """Remove the oldest lines of a deployment, step by step, until no more than `to` bytes are left."""
        while not self.stopping:
            left = await self._rows("log_parts_with", deployment_id)
            excess = sum(row["bytes"] for row in left) - to
            if excess <= 0:
                return
            oldest = left[0]
            lines = excess * oldest["lines"] // oldest["bytes"] + 1
            await self._rows("trim_log_part", oldest["part"], oldest["origins"], min(lines, STEP_LINES))
            await asyncio.sleep(0)

    async def _rows(self, name: str, *arguments: Any) -> Sequence[Record]:
        return await self._pool.fetch(LOG_QUERIES[name], *arguments)
