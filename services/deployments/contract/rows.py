"""What queries and replies of the deployments service carry."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeAlias

from pydantic import Field, JsonValue

from services.deployments.contract.ids import DeploymentId, WorkspaceId
from shared.messages import Message, Row

JsonObject: TypeAlias = Mapping[str, JsonValue]

AIRFLOW: Final = "airflow"
"""The only type of deployment there is."""


class Executor(StrEnum):
    """How a deployment's Airflow runs tasks."""

    LOCAL = "LocalExecutor"
    CELERY = "CeleryExecutor"
    KUBERNETES = "KubernetesExecutor"


class State(StrEnum):
    """What a deployment is doing, as the lifecycle knows it."""

    CREATING = "CREATING"
    DEPLOYING = "DEPLOYING"
    HEALTHY = "HEALTHY"
    UNHEALTHY = "UNHEALTHY"
    UPDATING = "UPDATING"
    HIBERNATING = "HIBERNATING"
    HIBERNATED = "HIBERNATED"
    WAKING = "WAKING"
    DELETING = "DELETING"
    DELETED = "DELETED"
    CREATE_FAILED = "CREATE_FAILED"
    UPDATE_FAILED = "UPDATE_FAILED"
    DELETE_FAILED = "DELETE_FAILED"
    UNKNOWN = "UNKNOWN"


class Observation(StrEnum):
    """What a driver sees of a generation; FAILED: it gave up on it."""

    HEALTHY = "HEALTHY"
    UNHEALTHY = "UNHEALTHY"
    HIBERNATED = "HIBERNATED"
    REMOVED = "REMOVED"
    FAILED = "FAILED"


class Status(StrEnum):
    """The word that the GraphQL interface shows for a state."""

    CREATING = "creating"
    ACTIVE = "active"
    UPDATING = "updating"
    DELETING = "deleting"
    ERROR = "error"


_STATUS_OF: Final[Mapping[State, Status]] = {
    State.CREATING: Status.CREATING,
    State.HEALTHY: Status.ACTIVE,
    State.DEPLOYING: Status.UPDATING,
    State.UPDATING: Status.UPDATING,
    State.WAKING: Status.UPDATING,
    State.HIBERNATING: Status.UPDATING,
    State.HIBERNATED: Status.UPDATING,
    State.DELETING: Status.DELETING,
}


def status_of(state: State) -> Status:
    """Return the status word of a state; what is not listed is an error.

    Source: design, section 5.
    """
    return _STATUS_OF.get(state, Status.ERROR)


class VariableRow(Message):
    """An environment variable; `value` is None for a secret one, whose value never leaves the service."""

    key: str
    value: str | None = Field(default=None, repr=False)
    is_secret: bool = True


class Trouble(Message):
    """What is wrong: the step that failed, "" where it was up before, what was said of it and the last log lines."""

    step: str = ""
    reason: str = ""
    lines: tuple[str, ...] = Field(default=(), repr=False)


class BundleRow(Message):
    """A bundle of DAG files; `size` in bytes as it was sent."""

    version: int
    sha256: str
    size: int
    files: int
    description: str = ""
    deployed_at: datetime


class DeploymentRow(Row):
    """A deployment. `state` is the lifecycle's own word, `status` the one that GraphQL shows.

    `generation` counts the wishes (1 is the creation); `observed_generation` is the last one that the driver reported
    done. `airflow_version` is the one that runs or, before anything does, is wished; `desired_airflow_version` the one
    that is wished. `bundles` are the last 20 in their order, `active_bundle` the version of the one that is wished, 0
    for none. `image_version` is the Airflow in the image that was deployed last, "" where none was or nobody knows;
    `cli_tag` is the tag with the highest number among those of its images that the command line made. `trouble` is
    there while it is unhealthy or failed. `deleted_at` is set once it is deleted: such rows are in no list, only in the
    answer of the deleting command's repeat.
    """

    id: DeploymentId
    workspace_id: WorkspaceId
    label: str
    description: str = ""
    release_name: str
    type: str = AIRFLOW
    version: str
    airflow_version: str
    desired_airflow_version: str
    executor: Executor
    config: JsonObject = Field(default_factory=dict[str, JsonValue])
    properties: JsonObject = Field(default_factory=dict[str, JsonValue])
    cloud_role: str = ""
    dag_deployment: JsonObject = Field(default_factory=dict[str, JsonValue])
    triggerer_replicas: int = 1
    variables: tuple[VariableRow, ...] = ()
    bundles: tuple[BundleRow, ...] = ()
    active_bundle: int = 0
    image_version: str = ""
    cli_tag: str = ""
    asleep: bool = False
    trouble: Trouble | None = None
    state: State
    status: Status
    generation: int = 1
    observed_generation: int = 0
    hard: bool = False
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None


class DeploymentList(Message):
    """Rows in the order of their ids; `more` says that asking again with `after_id` = the last id brings others."""

    rows: tuple[DeploymentRow, ...] = ()
    more: bool = False


class AirflowRole(StrEnum):
    """What somebody is in an Airflow, by Airflow's own names."""

    VIEWER = "VIEWER"
    USER = "USER"
    ADMIN = "ADMIN"


class DoorRow(Message):
    """Where the gateway reaches an Airflow; `token` is a Bearer token of Airflow's own, for one person and minutes."""

    deployment_id: DeploymentId
    release_name: str
    label: str
    endpoint: str
    role: AirflowRole
    token: str = Field(repr=False)


class WorkspaceClosed(Message):
    """The answer to CloseWorkspace: no deployment lives in this workspace, and none ever will."""

    workspace_id: WorkspaceId


class AstroUnit(Message):
    """What one unit of size is: CPU in millicores, memory in MiB."""

    cpu: int
    memory: int
    pods: float
    airflow_conns: float
    actual_conns: float
    price: float = 0


class AirflowImage(Message):
    """An Airflow version that is offered."""

    version: str
    channel: str
    tag: str


class ConfigurationRow(Message):
    """What deployments may ask for. Source: houston 7.4."""

    defaults: JsonObject
    limits: JsonObject
    presets: JsonObject
    astro_unit: AstroUnit
    max_extra_au: int
    executors: JsonObject
    single_namespace: bool = False
    logging_enabled: bool = True
    latest_version: str
    airflow_images: tuple[AirflowImage, ...]
    airflow_versions: tuple[str, ...]
    default_airflow_image_tag: str
    default_airflow_chart_version: str
