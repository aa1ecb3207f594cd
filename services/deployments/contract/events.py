"""The facts that the deployments service stores and publishes."""

from datetime import datetime
from typing import ClassVar, Final, TypeAlias

from pydantic import Field, JsonValue

from services.deployments.contract.ids import DeploymentId, WorkspaceId
from services.deployments.contract.rows import AIRFLOW, Executor, JsonObject
from shared.messages import Event
from shared.store.personal import PersonalText


class DeploymentCreated(Event):
    """The wish to have a deployment.

    `env` (JSON: name → value) and `alert_emails` (JSON: list) are secrets: encrypted with a key of the deployment
    alone, never published, gone for good once that key is destroyed. `properties` are without `alert_emails`.
    """

    type_name: ClassVar[str] = "deployment.created"
    person: ClassVar[str] = "deployment_id"

    deployment_id: DeploymentId
    workspace_id: WorkspaceId
    label: str
    description: str = ""
    release_name: str
    type: str = AIRFLOW
    version: str
    airflow_version: str
    executor: Executor
    config: JsonObject = Field(default_factory=dict[str, JsonValue])
    properties: JsonObject = Field(default_factory=dict[str, JsonValue])
    env_keys: tuple[str, ...] = ()
    env: PersonalText | None = None
    alert_emails: PersonalText | None = None
    generation: int = 1
    created_at: datetime


class DeploymentBecameHealthy(Event):
    type_name: ClassVar[str] = "deployment.became_healthy"

    deployment_id: DeploymentId
    generation: int
    became_healthy_at: datetime


class DeploymentDeleted(Event):
    """The wish to delete: hidden from now on, its driver still has to take it down."""

    type_name: ClassVar[str] = "deployment.deleted"

    deployment_id: DeploymentId
    workspace_id: WorkspaceId
    hard: bool = False
    generation: int
    deleted_at: datetime


class DeploymentRemoved(Event):
    """The driver has left nothing of it."""

    type_name: ClassVar[str] = "deployment.removed"

    deployment_id: DeploymentId
    generation: int
    removed_at: datetime


class WorkspaceDeploymentAdded(Event):
    type_name: ClassVar[str] = "workspace.deployment_added"

    workspace_id: WorkspaceId
    deployment_id: DeploymentId
    label: str
    added_at: datetime


class WorkspaceDeploymentDropped(Event):
    type_name: ClassVar[str] = "workspace.deployment_dropped"

    workspace_id: WorkspaceId
    deployment_id: DeploymentId
    dropped_at: datetime


class WorkspaceWasClosed(Event):
    type_name: ClassVar[str] = "workspace.closed"

    workspace_id: WorkspaceId
    closed_at: datetime


DeploymentEvent: TypeAlias = DeploymentCreated | DeploymentBecameHealthy | DeploymentDeleted | DeploymentRemoved
WorkspaceEvent: TypeAlias = WorkspaceDeploymentAdded | WorkspaceDeploymentDropped | WorkspaceWasClosed

EVENTS: Final[tuple[type[Event], ...]] = (
    DeploymentCreated,
    DeploymentBecameHealthy,
    DeploymentDeleted,
    DeploymentRemoved,
    WorkspaceDeploymentAdded,
    WorkspaceDeploymentDropped,
    WorkspaceWasClosed,
)
