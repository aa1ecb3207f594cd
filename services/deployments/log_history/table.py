"""Where lines are written: each once, in one transaction with the place in the stream that they came from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

from services.deployments.contract import LogBatch
from services.deployments.log_history.lines import COLUMNS, rows_of, usage_of
from services.deployments.log_history.source import Arrived, Place
from services.deployments.statements import LOG_QUERIES
from shared.followers.batch import Elsewhere
from shared.store.model import PgConnection, PgPool

_Source = tuple[int, str]
"""An origin and an incarnation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartLimits:
    """When a part is closed: it is the least that goes at once, and the most that is searched line by line."""

    lines: int = 200_000
    bytes: int = 128 * 1024 * 1024
    age: timedelta = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Taken:
    origin: int
    batch: LogBatch


@dataclass(frozen=True, slots=True)
class LogTable:
    """The parts, and how far they have come. Raises what asyncpg raises, nothing having been written."""

    pool: PgPool
    limits: PartLimits = PartLimits()

    async def place(self) -> Place:
        """Return how far the history has come."""
        return _place(await self.pool.fetchrow(LOG_QUERIES["log_place"]))

    async def take(self, seen: Place, stream: int, arrived: Sequence[Arrived]) -> Place:
        """Write the lines of what arrived behind `seen`, without repeats, and return the new place.

        Raises Elsewhere where another replica has moved the place.
        """
        async with self.pool.acquire() as connection, connection.transaction():
            if _place(await connection.fetchrow(LOG_QUERIES["hold_log_place"])) != seen:
                raise Elsewhere(None)
            taken = await _without_repeats(connection, arrived)
            places = count(seen.lines + 1)
            rows = [row for each in taken for row in rows_of(each.batch, each.origin, places)]
            if rows:
                await self._write(connection, rows)
            reached = Place(stream, arrived[-1].sequence, next(places) - 1)
            await connection.execute(LOG_QUERIES["move_log_place"], reached.stream, reached.sequence, reached.lines)
        return reached

    async def _write(self, connection: PgConnection, rows: Sequence[Sequence[Any]]) -> None:
        part = await self._part(connection)
        await connection.copy_records_to_table(f"lines_{part}", schema_name="logs", columns=COLUMNS, records=rows)
        usage = usage_of(rows)
        await connection.execute(
            LOG_QUERIES["note_log_usage"],
            part,
            list(usage),
            [each.lines for each in usage.values()],
            [each.bytes for each in usage.values()],
            [each.first_at for each in usage.values()],
            [each.last_at for each in usage.values()],
        )

    async def _part(self, connection: PgConnection) -> int:
        """Return the number of the open part, a new one where the last is full or old."""
        row = await connection.fetchrow(LOG_QUERIES["open_log_part_now"], self.limits.age)
        limits = self.limits
        if row is not None and row["lines"] < limits.lines and row["bytes"] < limits.bytes and not row["old"]:
            number: int = row["number"]
            return number
        opened: int = await connection.fetchval(LOG_QUERIES["open_log_part"])
        return opened


async def _without_repeats(connection: PgConnection, arrived: Sequence[Arrived]) -> Sequence[_Taken]:
    """Return the batches that were not taken before, and note that they are now."""
    origins = await _origins(connection, {(each.deployment_id, each.component) for each in arrived if each.batch})
    found = [_Taken(origins[each.deployment_id, each.component], each.batch) for each in arrived if each.batch]
    sources = {(each.origin, each.batch.incarnation) for each in found}
    rows = await connection.fetch(LOG_QUERIES["last_log_batches"], *_columns(sources, 2))
    last: dict[_Source, int] = {(row["origin"], row["incarnation"]): row["batch"] for row in rows}
    taken: list[_Taken] = []
    for each in found:
        source = (each.origin, each.batch.incarnation)
        if each.batch.batch > last.get(source, 0):
            last[source] = each.batch.batch
            taken.append(each)
    if taken:
        noted = [(origin, incarnation, batch) for (origin, incarnation), batch in last.items()]
        await connection.execute(LOG_QUERIES["note_log_batches"], *_columns(noted, 3))
    return taken


async def _origins(connection: PgConnection, wanted: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], int]:
    columns = _columns(wanted, 2)
    found = await connection.fetch(LOG_QUERIES["find_log_origins"], *columns)
    if len(found) < len(columns[0]):
        await connection.execute(LOG_QUERIES["make_log_origins"], *columns)
        found = await connection.fetch(LOG_QUERIES["find_log_origins"], *columns)
    return {(row["deployment_id"], row["component"]): row["number"] for row in found}


def _columns(rows: Iterable[Sequence[Any]], number: int) -> list[list[Any]]:
    listed = list(rows)
    return [[row[at] for row in listed] for at in range(number)]


def _place(row: Any) -> Place:
    return Place(row["stream"], row["sequence"], row["lines"])
