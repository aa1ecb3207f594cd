"""What answers the question about a service's audit."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from asyncpg import Record

from shared.audit.messages import SEE_ALL, SEE_WORKSPACE, Audit, AuditPage, AuditRow
from shared.audit.projection import QUERIES
from shared.auth import Principal, workspace
from shared.bus.request import Request, Result
from shared.commands import AskerOf
from shared.store.model import PgPool

MOST_BYTES: Final = 320 * 1024
"""Bytes of records in one answer: they are escaped on their way, and the answer has 512 kB."""


@dataclass(frozen=True, slots=True)
class AuditQueries:
    """Answers Audit from the rows of one service."""

    pool: PgPool
    asker_of: AskerOf

    async def audit(self, request: Request[Audit]) -> Result[AuditPage]:
        """Return the records that match, newest first, for who may read them."""
        asked = request.message
        require_reader(await self.asker_of(request.context), asked.workspace_id)
        rows = await find(self.pool, asked)
        kept = tuple(_fitting(rows[: asked.limit]))
        return Result(AuditPage(rows=kept, more=len(kept) < len(rows)))


def require_reader(asker: Principal, workspace_id: str) -> None:
    """Return if the asker may read the audit of a workspace, or of everything; raise Forbidden otherwise."""
    if workspace_id and asker.holds(SEE_WORKSPACE, workspace(workspace_id)):
        return
    asker.require(SEE_ALL)


async def find(pool: PgPool, asked: Audit) -> list[AuditRow]:
    """Return the records that match, newest first, and one more than asked for where there are more."""
    before = asked.before
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        # Planned for these very filters: one text serves them all, and each has its index.
        await connection.execute("set local plan_cache_mode = force_custom_plan")
        found = await connection.fetch(
            QUERIES["audit_page"],
            asked.workspace_id,
            asked.actor,
            asked.target_id,
            asked.action,
            asked.outcome,
            asked.since,
            asked.until,
            before and before.time,
            before and before.id,
            asked.limit + 1,
        )
    return [row_of(record) for record in found]


def row_of(record: Record) -> AuditRow:
    """Return a record as it is told."""
    return AuditRow.model_validate(dict(record))


def _fitting(rows: Iterable[AuditRow]) -> Iterable[AuditRow]:
    size = 0
    for number, row in enumerate(rows):
        size += len(row.model_dump_json())
        if number and size > MOST_BYTES:
            return
        yield row
