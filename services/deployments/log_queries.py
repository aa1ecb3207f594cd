"""The questions about log lines: who may read them, and those that are kept."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from services.deployments.access import require_sees
from services.deployments.contract import (
    AuthorizeLogs,
    DeploymentId,
    DeploymentLines,
    DeploymentRow,
    LineList,
    LineRow,
    component_named,
)
from services.deployments.log_history.search import Sought, find_lines
from services.deployments.statements import QUERIES
from services.identity.contract.holdings import asker_with_all_grants
from shared.auth import deployment, workspace
from shared.bus.client import Bus
from shared.bus.context import Context
from shared.bus.request import Handlers, Request, Result
from shared.errors import NotFound
from shared.store.model import PgPool

MOST_BYTES: Final = 480 * 1024
"""Bytes of rows in one reply; the envelope around them has room in 512 kB."""

AT_ONCE: Final = 3
"""How many look through lines at a time: the other connections of the pool stay for other questions."""

_READ_ANY_LOGS: Final = "system.deployments.logs"


@dataclass(frozen=True, slots=True)
class LogQueryHandlers:
    """Answers with lines to those who may read them; `pool` serves queries only."""

    pool: PgPool
    bus: Bus
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    def by_type(self) -> Handlers:
        """Return the handler of each query."""
        return {AuthorizeLogs: self.authorize_logs, DeploymentLines: self.lines}

    async def authorize_logs(self, request: Request[AuthorizeLogs]) -> Result[DeploymentRow]:
        """Return the deployment whose log lines may be read."""
        return Result(await self._readable(request.message.deployment_id, request.context))

    async def lines(self, request: Request[DeploymentLines]) -> Result[LineList]:
        """Return the lines that are asked for, as many as fit into a reply."""
        query = request.message
        row = await self._readable(query.deployment_id, request.context)
        component = component_named(query.component)
        if query.component and component is None:
            return Result(LineList(release_name=row.release_name))
        sought = Sought(
            deployment_id=row.id,
            component=component or "",
            after=query.after,
            text=query.search,
            before=query.before,
            most=query.limit + 1,
        )
        async with self._turns:
            found = await find_lines(self.pool, sought)
        shown = _fitting(found[: query.limit])
        return Result(LineList(release_name=row.release_name, lines=shown, more=len(found) > len(shown)))

    async def _readable(self, deployment_id: DeploymentId, context: Context) -> DeploymentRow:
        principal = await asker_with_all_grants(self.bus, context)
        text = await self.pool.fetchval(QUERIES["find_one"], deployment_id)
        if text is None:
            raise NotFound("the deployment does not exist")
        row = DeploymentRow.model_validate_json(text)
        if not principal.holds(_READ_ANY_LOGS):
            require_sees(principal, row.id, row.workspace_id)
            principal.require("deployment.logs.get", deployment(row.id), workspace(row.workspace_id))
        return row


def _fitting(lines: Sequence[LineRow]) -> tuple[LineRow, ...]:
    """Return the first lines, as many as fit into a reply, and one at least."""
    size = 0
    for count, line in enumerate(lines):
        size += len(line.model_dump_json().encode()) + 1
        if count and size > MOST_BYTES:
            return tuple(lines[:count])
    return tuple(lines)
