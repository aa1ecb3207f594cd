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

    `env` (JSON: name → value), `secrets` (JSON of AirflowSecrets) and `alert_emails` (JSON: list) are secrets:
    encrypted with a key of the deployment alone, never published, gone for good once that key is destroyed. `env_keys`
    are the names of all variables, `plain_keys` of those that are no secrets. `properties` are without `alert_emails`.
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
    cloud_role: str = ""
    dag_deployment: JsonObject = Field(default_factory=dict[str, JsonValue])
    triggerer_replicas: int = 1
    env_keys: tuple[str, ...] = ()
    plain_keys: tuple[str, ...] = ()
    env: PersonalText | None = None
    secrets: PersonalText | None = None
    alert_emails: PersonalText | None = None
    generation: int = 1
    created_at: datetime


class DeploymentUpdated(Event):
    """Another wish: what is None stays as it was; the rest is whole, as it stands now.

    `generation` is the one before where the driver needs not know of it. `env` and `alert_emails` as in
    DeploymentCreated; an empty set of either is a JSON text too.
    """

    type_name: ClassVar[str] = "deployment.updated"
    person: ClassVar[str] = "deployment_id"

    deployment_id: DeploymentId
    label: str | None = None
    description: str | None = None
    version: str | None = None
    executor: Executor | None = None
    config: JsonObject | None = None
    properties: JsonObject | None = None
    cloud_role: str | None = None
    dag_deployment: JsonObject | None = None
    triggerer_replicas: int | None = None
    env_keys: tuple[str, ...] | None = None
    plain_keys: tuple[str, ...] | None = None
    env: PersonalText | None = None
    alert_emails: PersonalText | None = None
    generation: int
    updated_at: datetime


class DeploymentAirflowVersionSet(Event):
    """The wish for another Airflow version, or back to the one that runs."""

    type_name: ClassVar[str] = "deployment.airflow_version_set"

    deployment_id: DeploymentId
    airflow_version: str
    generation: int
    set_at: datetime


class DeploymentDagsDeployed(Event):
    """The wish to run other DAG files, those of a bundle; `version` counts the deployment's bundles from 1."""

    type_name: ClassVar[str] = "deployment.dags_deployed"

    deployment_id: DeploymentId
    version: int
    sha256: str
    size: int
    files: int
    description: str = ""
    generation: int
    deployed_at: datetime


class DeploymentDagsActivated(Event):
    """The wish to run the DAG files of a bundle that was deployed before."""

    type_name: ClassVar[str] = "deployment.dags_activated"

    deployment_id: DeploymentId
    version: int
    generation: int
    activated_at: datetime


class DeploymentImageDeployed(Event):
    """The wish to run another image of Airflow, `repository:tag`, which stands in the configuration from now on.

    `image_version` is the Airflow in it, "" where nobody knows; `airflow_version` is what is wished from now on.
    """

    type_name: ClassVar[str] = "deployment.image_deployed"

    deployment_id: DeploymentId
    repository: str
    tag: str
    image_version: str = ""
    airflow_version: str
    generation: int
    deployed_at: datetime


class DeploymentHibernationRequested(Event):
    type_name: ClassVar[str] = "deployment.hibernation_requested"

    deployment_id: DeploymentId
    generation: int
    requested_at: datetime


class DeploymentWakeRequested(Event):
    type_name: ClassVar[str] = "deployment.wake_requested"

    deployment_id: DeploymentId
    generation: int
    requested_at: datetime


class DeploymentRetryRequested(Event):
    """The same wish once more, after its driver gave up."""

    type_name: ClassVar[str] = "deployment.retry_requested"

    deployment_id: DeploymentId
    generation: int
    requested_at: datetime


class DeploymentBecameHealthy(Event):
    type_name: ClassVar[str] = "deployment.became_healthy"

    deployment_id: DeploymentId
    generation: int
    became_healthy_at: datetime


class DeploymentBecameUnhealthy(Event):
    """It was up and is not well any more; `complaints` name what is wrong, at most 10."""

    type_name: ClassVar[str] = "deployment.became_unhealthy"

    deployment_id: DeploymentId
    generation: int
    complaints: tuple[str, ...] = ()
    became_unhealthy_at: datetime


class DeploymentHibernated(Event):
    type_name: ClassVar[str] = "deployment.hibernated"

    deployment_id: DeploymentId
    generation: int
    hibernated_at: datetime


class DeploymentFailed(Event):
    """The driver gave up on this generation at `step`; `lines` are the last that it wrote, encrypted like a secret."""

    type_name: ClassVar[str] = "deployment.failed"
    person: ClassVar[str] = "deployment_id"

    deployment_id: DeploymentId
    generation: int
    step: str
    reason: str
    lines: PersonalText | None = None
    failed_at: datetime


class DeploymentDeleted(Event):
    """The wish to delete: hidden and stopped from now on; `hard`: nothing of it is kept."""

    type_name: ClassVar[str] = "deployment.deleted"

    deployment_id: DeploymentId
    workspace_id: WorkspaceId
    hard: bool = False
    generation: int
    deleted_at: datetime


class DeploymentPurgeRequested(Event):
    """The days are over for which the data of a deleted deployment are kept."""

    type_name: ClassVar[str] = "deployment.purge_requested"

    deployment_id: DeploymentId
    generation: int
    requested_at: datetime


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


DeploymentWish: TypeAlias = (
    DeploymentUpdated
    | DeploymentAirflowVersionSet
    | DeploymentDagsDeployed
    | DeploymentDagsActivated
    | DeploymentImageDeployed
    | DeploymentHibernationRequested
    | DeploymentWakeRequested
    | DeploymentRetryRequested
    | DeploymentDeleted
    | DeploymentPurgeRequested
)
DeploymentSight: TypeAlias = (
    DeploymentBecameHealthy | DeploymentBecameUnhealthy | DeploymentHibernated | DeploymentFailed | DeploymentRemoved
)
DeploymentEvent: TypeAlias = DeploymentCreated | DeploymentWish | DeploymentSight
WorkspaceEvent: TypeAlias = WorkspaceDeploymentAdded | WorkspaceDeploymentDropped | WorkspaceWasClosed

EVENTS: Final[tuple[type[Event], ...]] = (
    DeploymentCreated,
    DeploymentUpdated,
    DeploymentAirflowVersionSet,
    DeploymentDagsDeployed,
    DeploymentDagsActivated,
    DeploymentImageDeployed,
    DeploymentHibernationRequested,
    DeploymentWakeRequested,
    DeploymentRetryRequested,
    DeploymentBecameHealthy,
    DeploymentBecameUnhealthy,
    DeploymentHibernated,
    DeploymentFailed,
    DeploymentDeleted,
    DeploymentPurgeRequested,
    DeploymentRemoved,
    WorkspaceDeploymentAdded,
    WorkspaceDeploymentDropped,
    WorkspaceWasClosed,
)
