"""The questions of others, answered from the read model."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

from services.deployments.access import require_somebody, seen_entities, sees_all
from services.deployments.contract import (
    ConfigurationRow,
    DeploymentConfiguration,
    DeploymentList,
    DeploymentRow,
    Deployments,
)
from services.deployments.domain.configuration import configuration
from services.deployments.domain.specification import DEFAULT_AIRFLOW_VERSION
from services.deployments.drivers.protocol import Capabilities
from services.deployments.statements import QUERIES
from services.identity.contract.holdings import asker_with_all_grants
from shared.auth import Principal, deployment, workspace
from shared.bus.client import Bus
from shared.bus.request import Handlers, Request, Result
from shared.errors import NotFound
from shared.store.model import PgPool

MOST_BYTES: Final = 480 * 1024
"""Bytes of rows in one reply; the envelope around them has room in 512 kB."""

_PREFETCH: Final = 50
_PLATFORM_VERSION: Final = version("aerodrome")
_WORKSPACE: Final = workspace("")
_DEPLOYMENT: Final = deployment("")


@dataclass(frozen=True, slots=True)
class QueryHandlers:
    """Answers queries with live rows; `pool` serves queries only. `offered` is the driver's."""

    pool: PgPool
    bus: Bus
    offered: Capabilities

    def by_type(self) -> Handlers:
        """Return the handler of each query."""
        return {
            Deployments: self.deployments,
            DeploymentConfiguration: self.configuration,
        }

    async def configuration(self, request: Request[DeploymentConfiguration]) -> Result[ConfigurationRow]:
        """Return what deployments may ask for."""
        require_somebody(request.context.principal)
        versions = self.offered.airflow_versions or (DEFAULT_AIRFLOW_VERSION,)
        return Result(
            configuration(executors=self.offered.executors, airflow_versions=versions, version=_PLATFORM_VERSION)
        )

    async def deployments(self, request: Request[Deployments]) -> Result[DeploymentList]:
        """Return the page of rows that is asked for."""
        query, principal = request.message, await asker_with_all_grants(self.bus, request.context)
        if query.strict and query.ids is None:
            _require_workspaces(query, principal)
        found = await self._page(query, principal)
        if query.strict and query.ids is not None and not found.more:
            _require_found(query, found)
        return Result(found)

    async def _page(self, query: Deployments, principal: Principal) -> DeploymentList:
        sql, parameters = _question(query, principal)
        rows: list[DeploymentRow] = []
        size = 0
        async with self.pool.acquire() as connection, connection.transaction(readonly=True):
            async for record in connection.cursor(sql, *parameters, prefetch=_PREFETCH):
                size += len(record["row"].encode())
                if len(rows) == query.limit or (rows and size > MOST_BYTES):
                    return DeploymentList(rows=tuple(rows), more=True)
                rows.append(DeploymentRow.model_validate_json(record["row"]))
        return DeploymentList(rows=tuple(rows))


def _question(query: Deployments, principal: Principal) -> tuple[str, Sequence[object]]:
    """Return the SQL and its parameters; one row more than the limit shows that there are more."""
    seen = seen_entities(principal)
    workspaces = [entity.removeprefix(_WORKSPACE) for entity in seen if entity.startswith(_WORKSPACE)]
    singles = [entity.removeprefix(_DEPLOYMENT) for entity in seen if entity.startswith(_DEPLOYMENT)]
    page = (query.after_id, query.limit + 1)
    visible = (sees_all(principal), workspaces, singles)
    if query.ids is not None:
        return QUERIES["find_by_ids"], (*page, *visible, list(query.ids))
    if query.workspace_ids is not None:
        return QUERIES["find_by_workspaces"], (*page, *visible, list(query.workspace_ids))
    if query.release_name:
        return QUERIES["find_by_release_name"], (*page, *visible, query.release_name)
    if sees_all(principal):
        return QUERIES["find_all"], page
    return QUERIES["find_seen"], (*page, workspaces, singles)


def _require_workspaces(query: Deployments, principal: Principal) -> None:
    for workspace_id in query.workspace_ids or ():
        if not sees_all(principal):
            principal.require("workspace.deployments.get", workspace(workspace_id))


def _require_found(query: Deployments, found: DeploymentList) -> None:
    missing = {id_ for id_ in query.ids or () if id_ > query.after_id} - {row.id for row in found.rows}
    if missing:
        raise NotFound(f"{len(missing)} of the deployments do not exist")
