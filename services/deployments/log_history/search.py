"""Finds the newest lines of a deployment: part by part from the newest one on, until there are enough."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from asyncpg import Record

from services.deployments.contract import LinePlace, LineRow
from services.deployments.statements import LOG_QUERIES
from shared.errors import Invalid
from shared.store.connections import fetch
from shared.store.model import PgPool

LONGEST_S: Final = 3.0
FEW_LINES: Final = 20_000
"""So many lines of a part are looked through at once as quickly as an index."""

OFTEN: Final = 0.05
"""A text in this share of the lines is found sooner by going through them than by the index."""

_EARLIEST: Final = datetime(1, 1, 2, tzinfo=UTC)
_LATEST: Final = datetime(9999, 12, 30, tzinfo=UTC)
_LAST: Final = 2**62
_MEANT_OTHERWISE: Final = re.compile(r"([\\%_])")
_INDEXED: Final = re.compile(r"[^\W_]{3}")
"""What the index knows: three letters or digits in a row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What is looked for; `component` and `text` may be ""."""

    deployment_id: str
    component: str = ""
    after: datetime | None = None
    text: str = ""
    before: LinePlace | None = None
    most: int

    @property
    def pattern(self) -> str | None:
        """Return the text as a pattern in which nothing is a placeholder, None where any line will do."""
        plain = _MEANT_OTHERWISE.sub(r"\\\1", self.text)
        return f"%{plain}%" if plain else None


@dataclass(slots=True)
class _Search:
    """A search under way: what was found, among how many lines."""

    sought: Sought
    found: list[Record]
    among: int = 0

    def goes_on(self, part: Record) -> bool:
        """Say whether a part, newest first, may have lines that belong to the newest ones."""
        return len(self.found) < self.sought.most or self.found[-1]["told_at"] <= part["last_at"]

    def ordered(self, part: Record) -> bool:
        """Say whether the lines of a part are gone through one by one: no index helps, or it would not be quicker."""
        if not part["indexed"] or part["lines"] <= FEW_LINES or not _INDEXED.search(self.sought.text):
            return True
        return self.among == 0 or len(self.found) / self.among > OFTEN

    def take(self, part: Record, rows: Sequence[Record]) -> None:
        """Add what a part has."""
        self.among += part["lines"]
        every = sorted([*self.found, *rows], key=lambda row: (row["told_at"], row["place"]), reverse=True)
        self.found = every[: self.sought.most]


async def find_lines(pool: PgPool, sought: Sought) -> list[LineRow]:
    """Return the newest lines that are sought, the newest first; raise Invalid where that takes too long."""
    clock = asyncio.get_running_loop()
    ends_at = clock.time() + LONGEST_S
    after, before = sought.after or _EARLIEST, sought.before or LinePlace(at=_LATEST, number=_LAST)
    parts = await fetch(pool, LOG_QUERIES["log_parts_of"], sought.deployment_id, sought.component, after, before.at)
    search = _Search(sought, [])
    for part in parts:
        if not search.goes_on(part):
            break
        if clock.time() > ends_at:
            raise Invalid("the search takes too long: ask for a later timestamp or for a longer text")
        arguments = (after, before.at, before.number, sought.pattern, sought.most, search.ordered(part))
        search.take(part, await fetch(pool, LOG_QUERIES["find_log_lines"], part["number"], part["origins"], *arguments))
    return [_line(row) for row in search.found]


def _line(row: Record) -> LineRow:
    return LineRow(
        id=row["id"],
        timestamp=row["told_at"],
        level=row["level"],
        message=row["message"],
        logger=row["logger"],
        dag_id=row["dag_id"],
        task_id=row["task_id"],
        run_id=row["run_id"],
        try_number=row["try_number"],
        map_index=row["map_index"],
        component=row["component"],
        number=row["place"],
    )
