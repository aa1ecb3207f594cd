"""The read models that are one row a stream; parts of ReadModels."""

from typing import Final

from services.identity.contract import ServiceAccountRow, WorkspaceRow
from services.identity.projections.rows import (
    DeploymentRecord,
    SessionRecord,
    evolve_deployment,
    evolve_service_account,
    evolve_session,
    evolve_workspace,
)
from services.identity.sql import QUERIES
from shared.followers.projection import RowProjection

WORKSPACES: Final = RowProjection(
    name="workspaces",
    stream_kind="workspace",
    table="workspaces",
    row=WorkspaceRow,
    evolve=evolve_workspace,
    load=QUERIES["load_workspaces"],
    delete=QUERIES["delete_workspaces"],
    insert=QUERIES["insert_workspaces"],
)

DEPLOYMENTS: Final = RowProjection(
    name="deployments",
    stream_kind="deployment",
    table="deployments",
    row=DeploymentRecord,
    evolve=evolve_deployment,
    load=QUERIES["load_deployments"],
    delete=QUERIES["delete_deployments"],
    insert=QUERIES["insert_deployments"],
)

SERVICE_ACCOUNTS: Final = RowProjection(
    name="service_accounts",
    stream_kind="credential",
    table="service_accounts",
    row=ServiceAccountRow,
    evolve=evolve_service_account,
    load=QUERIES["load_service_accounts"],
    delete=QUERIES["delete_service_accounts"],
    insert=QUERIES["insert_service_accounts"],
)

SESSIONS: Final = RowProjection(
    name="sessions",
    stream_kind="session",
    table="sessions",
    row=SessionRecord,
    evolve=evolve_session,
    load=QUERIES["load_sessions"],
    delete=QUERIES["delete_sessions"],
    insert=QUERIES["insert_sessions"],
)
