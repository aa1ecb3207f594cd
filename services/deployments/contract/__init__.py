"""The contract of the deployments service: what others may send it, ask it and hear from it."""

from services.deployments.contract.commands import (
    CloseWorkspace,
    CreateDeployment,
    DeleteDeployment,
    EnvironmentVariable,
)
from services.deployments.contract.events import (
    EVENTS,
    DeploymentBecameHealthy,
    DeploymentCreated,
    DeploymentDeleted,
    DeploymentEvent,
    DeploymentRemoved,
    WorkspaceDeploymentAdded,
    WorkspaceDeploymentDropped,
    WorkspaceEvent,
    WorkspaceWasClosed,
)
from services.deployments.contract.ids import SERVICE, DeploymentId, WorkspaceId, deployment_stream, workspace_stream
from services.deployments.contract.logs import (
    LOGS_STREAM,
    LOGS_SUBJECTS,
    MOST_BATCH_BYTES,
    Component,
    LogBatch,
    LogRecord,
    component_named,
    logs_filter,
    logs_subject,
)
from services.deployments.contract.names import new_release_name, new_release_names
from services.deployments.contract.queries import AuthorizeLogs, Deployments
from services.deployments.contract.reports import ReportHealthy, ReportRemoved
from services.deployments.contract.rows import (
    AIRFLOW,
    DeploymentList,
    DeploymentRow,
    Executor,
    JsonObject,
    State,
    Status,
    WorkspaceClosed,
    status_of,
)
from services.deployments.contract.rules import Rule

__all__ = [
    "AIRFLOW",
    "EVENTS",
    "LOGS_STREAM",
    "LOGS_SUBJECTS",
    "MOST_BATCH_BYTES",
    "SERVICE",
    "AuthorizeLogs",
    "CloseWorkspace",
    "Component",
    "CreateDeployment",
    "DeleteDeployment",
    "DeploymentBecameHealthy",
    "DeploymentCreated",
    "DeploymentDeleted",
    "DeploymentEvent",
    "DeploymentId",
    "DeploymentList",
    "DeploymentRemoved",
    "DeploymentRow",
    "Deployments",
    "EnvironmentVariable",
    "Executor",
    "JsonObject",
    "LogBatch",
    "LogRecord",
    "ReportHealthy",
    "ReportRemoved",
    "Rule",
    "State",
    "Status",
    "WorkspaceClosed",
    "WorkspaceDeploymentAdded",
    "WorkspaceDeploymentDropped",
    "WorkspaceEvent",
    "WorkspaceId",
    "WorkspaceWasClosed",
    "component_named",
    "deployment_stream",
    "logs_filter",
    "logs_subject",
    "new_release_name",
    "new_release_names",
    "status_of",
    "workspace_stream",
]
