"""`aerodrome audit export`: the whole audit as lines of JSON, oldest first, straight from the databases."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.cli.environments import MASTER_KEY
from services.cli.reach import pool_of
from services.identity.contract import SERVICE as IDENTITY
from shared.audit.messages import AuditRow
from shared.audit.origins import OriginSeals
from shared.audit.projection import AUDIT, QUERIES
from shared.audit.queries import row_of
from shared.auth import NOWHERE, Origin
from shared.followers.progress import Progress
from shared.settings import key_bytes
from shared.store.model import PgPool
from shared.store.personal import PersonalKeys

BATCH: Final = 1000
WAIT_S: Final = 5.0
"""How long an export waits for the audit to show the latest events."""

NONE_OPENED: Final[Mapping[str, Origin]] = {}
_PARKED: Final = "select count(*) from public.parked_streams where follower = $1"


@dataclass(slots=True)
class Export:
    """An export as it goes on; `missing` says, by the end, what is not among its lines, and why."""

    environments: Mapping[str, Mapping[str, str]]
    identity: Mapping[str, str] | None
    workspace_id: str = ""
    since: datetime | None = None
    until: datetime | None = None
    missing: list[str] = field(default_factory=list[str])

    async def lines(self) -> AsyncIterator[str]:
        """Yield the records of each service: its events by position, then its refusals by time.

        From where something came is told where the settings of `identity` hold the key to it.
        """
        async with AsyncExitStack() as stack:
            pools = {
                service: await stack.enter_async_context(pool_of(service, environment))
                for service, environment in self.environments.items()
            }
            seals = await self._seals(stack, pools)
            for service, pool in pools.items():
                await self._look(service, pool)
                async for rows in self._all(pool):
                    opened = await seals.open({row.origin_seal for row in rows}) if seals else NONE_OPENED
                    for row in rows:
                        yield _line(service, row, opened.get(row.origin_seal, NOWHERE))
            if self.workspace_id and not await self._concerns_any(pools.values()):
                self.missing.append(f"no record concerns a workspace {self.workspace_id}: is that its id?")

    async def _concerns_any(self, pools: Iterable[PgPool]) -> bool:
        """Say whether the workspace is known to the records of any service, whatever their time."""
        found = [await pool.fetchval(QUERIES["concerns_workspace"], self.workspace_id) for pool in pools]
        return any(found)

    async def _seals(self, stack: AsyncExitStack, pools: Mapping[str, PgPool]) -> OriginSeals | None:
        """Return what opens origins, None where identity's settings or its master key are not at hand."""
        if self.identity is None or MASTER_KEY not in self.identity:
            return None
        pool = pools.get(IDENTITY)
        if pool is None:
            pool = await stack.enter_async_context(pool_of(IDENTITY, self.identity))
        return OriginSeals(PersonalKeys(pool, key_bytes(self.identity[MASTER_KEY])))

    async def _look(self, service: str, pool: PgPool) -> None:
        """Wait until the records show every event of this moment, or note that they do not."""
        head = await pool.fetchval("select position from public.store_head")
        if not await Progress(pool).wait_for([AUDIT], position=head, stream="", timeout_s=WAIT_S):
            self.missing.append(f"the audit of {service} is behind its events: does it run? export again later")
        if parked := await pool.fetchval(_PARKED, AUDIT):
            self.missing.append(f"{parked} streams of {service} are parked for the audit: replay them, export again")

    async def _all(self, pool: PgPool) -> AsyncGenerator[Sequence[AuditRow]]:
        async for rows in self._events(pool):
            yield rows
        async for rows in self._refusals(pool):
            yield rows

    async def _events(self, pool: PgPool) -> AsyncGenerator[Sequence[AuditRow]]:
        position = 0
        while rows := await self._rows(pool, "audit_after", position):
            yield rows
            position = rows[-1].position

    async def _refusals(self, pool: PgPool) -> AsyncGenerator[Sequence[AuditRow]]:
        after: tuple[datetime | None, UUID | None] = (None, None)
        while rows := await self._rows(pool, "refusals_after", *after):
            yield rows
            after = (rows[-1].time, rows[-1].id)

    async def _rows(self, pool: PgPool, query: str, *after: object) -> Sequence[AuditRow]:
        found = await pool.fetch(QUERIES[query], *after, self.workspace_id, self.since, self.until, BATCH)
        return [row_of(record) for record in found]


def _line(service: str, row: AuditRow, origin: Origin) -> str:
    fields: dict[str, Any] = {
        "service": service,
        "id": str(row.id),
        "time": row.time.isoformat(),
        "outcome": row.outcome,
        "action": row.action,
        "rule": row.rule or row.code or None,
        "actor": row.subject or None,
        "actor_kind": row.kind,
        "credential": row.credential or None,
        "role": row.role or None,
        "target_kind": row.target_kind or None,
        "target": row.target_id or None,
        "workspace": row.workspace_id or None,
        "address": origin.address or None,
        "agent": origin.agent or None,
        "source": row.source or None,
        "request_id": str(row.correlation_id),
        "position": row.position or None,
        "stream": row.stream or None,
    }
    return json.dumps(fields, ensure_ascii=False)
