"""The wishes that the deployments service takes."""

from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import Field, JsonValue

from services.deployments.contract.ids import DeploymentId, WorkspaceId
from services.deployments.contract.names import CANDIDATES, new_release_names
from services.deployments.contract.rows import AIRFLOW, DeploymentRow, Executor, JsonObject, WorkspaceClosed
from services.deployments.contract.secrets import AirflowSecrets, new_airflow_secrets
from shared.clock import utc_now
from shared.ids import new_id
from shared.messages import Command, Generated, Message


class EnvironmentVariable(Message):
    """One variable of a deployment's environment.

    All values are stored encrypted; that of a secret one (`is_secret`) is never answered. A secret one without a value
    keeps the value that a secret variable of its name has, so that a set that was read may be written back.
    """

    key: str
    value: str = Field(default="", repr=False)
    is_secret: bool = True


class CreateDeployment(Command[DeploymentRow]):
    """Create a deployment in a workspace.

    Empty texts mean the default. `executor` wins over `config.executor` and is written into it. `release_name` counts
    only where the installation allows names by hand. `triggerer_replicas`: 0 to 2, None: 1. `image`: as in DeployImage,
    of the version that is asked for. `secrets` are those of the Airflow itself, made once. Permission:
    workspace.deployments.create on the workspace.
    """

    subject: ClassVar[str] = "deployments.command.create_deployment"

    workspace_id: WorkspaceId
    label: str
    type: str = AIRFLOW
    description: str = ""
    version: str = ""
    airflow_version: str = ""
    executor: Executor | None = None
    config: JsonObject = Field(default_factory=dict[str, JsonValue])
    env: tuple[EnvironmentVariable, ...] = ()
    properties: JsonObject = Field(default_factory=dict[str, JsonValue])
    cloud_role: str = ""
    dag_deployment: JsonObject = Field(default_factory=dict[str, JsonValue])
    triggerer_replicas: int | None = None
    release_name: str = ""
    image: str = ""
    deployment_id: Annotated[DeploymentId, Generated()] = Field(default_factory=lambda: DeploymentId(new_id()))
    release_names: Annotated[tuple[str, ...], Generated()] = Field(
        default_factory=new_release_names, min_length=1, max_length=CANDIDATES
    )
    secrets: Annotated[AirflowSecrets, Generated()] = Field(default_factory=new_airflow_secrets, repr=False)
    now: Annotated[datetime, Generated()] = Field(default_factory=utc_now)


class UpdateDeployment(Command[DeploymentRow]):
    """Change a deployment; None leaves as it is.

    `config` replaces the configuration, `config_patch` is merged into it at every depth. `properties` are merged by
    name. `env` replaces the whole set of variables. `version` is that of the chart. Everything but the texts and
    the addresses for alerts reaches the driver, as the next generation. Permission: deployment.config.update on it or
    its workspace, or system.deployments.update; for `env` alone deployment.variables.update does too.
    """

    subject: ClassVar[str] = "deployments.command.update_deployment"

    deployment_id: DeploymentId
    label: str | None = None
    description: str | None = None
    version: str | None = None
    executor: Executor | None = None
    config: JsonObject | None = None
    config_patch: JsonObject | None = None
    properties: JsonObject | None = None
    env: tuple[EnvironmentVariable, ...] | None = None
    cloud_role: str | None = None
    dag_deployment: JsonObject | None = None
    triggerer_replicas: int | None = None
    now: Annotated[datetime, Generated()] = Field(default_factory=utc_now)


class DeployDags(Command[DeploymentRow]):
    """Have a deployment run the DAG files of a bundle, which lies in the object store under `object_name`.

    `sha256` is hex; the bundle is a tar.gz or a zip of at most 64 MiB. The same content again is the same version.
    Permission: deployment.images.push on it or its workspace, or system.deployments.update.
    """

    subject: ClassVar[str] = "deployments.command.deploy_dags"

    deployment_id: DeploymentId
    object_name: Annotated[str, Generated()]
    sha256: str
    size: int
    description: str = Field(default="", max_length=255)
    now: Annotated[datetime, Generated()] = Field(default_factory=utc_now)


class ActivateDags(Command[DeploymentRow]):
    """Have a deployment run the DAG files of one of its last bundles again. Permission: as for DeployDags."""

    subject: ClassVar[str] = "deployments.command.activate_dags"

    deployment_id: DeploymentId
    version: int
    now: Annotated[datetime, Generated()] = Field(default_factory=utc_now)


class DeployImage(Command[DeploymentRow]):
    """Have a deployment run an image of Airflow, a reference such as `registry.example.com/dags/airflow:cli-7`.

    `airflow_version`: the Airflow in it, "" for the one that runs. Once the image is up that is the version that runs.
    One that is wished stays wished if it is later. Rejected with `images_not_offered` where the driver runs none, with
    `airflow_downgrade` for an older Airflow than runs. The same again changes nothing. Permission: as for DeployDags.
    """

    subject: ClassVar[str] = "deployments.command.deploy_image"

    deployment_id: DeploymentId
    image: str
    airflow_version: str = ""
    now: Annotated[datetime, Generated()] = Field(default_factory=utc_now)


class AdoptDeployment(Command[DeploymentRow]):
    """Make a deployment of a custom resource that a cluster runs already.

    Rejected with `adoption_not_offered`: no driver can. Permission: workspace.deployments.create on the workspace.
    """

    subject: ClassVar[str] = "deployments.command.adopt_deployment"

    workspace_id: WorkspaceId


class UnadoptDeployment(Command[DeploymentRow]):
    """Give an adopted deployment back. Rejected with `adoption_not_offered`. Permission: as for DeleteDeployment."""

    subject: ClassVar[str] = "deployments.command.unadopt_deployment"

    deployment_id: DeploymentId


class MigrateDeployment(Command[DeploymentRow]):
    """Bring the deployment with this release name to another version of the chart; there already, nothing happens.

    Permission: system.deployments.update.
    """

    subject: ClassVar[str] = "deployments.command.migrate_deployment"

    release_name: str
    version: str
    now: Annotated[datetime, Generated()] = Field(default_factory=utc_now)


class SetAirflowVersion(Command[DeploymentRow]):
    """Wish another Airflow version; the present one, while another is still wished, cancels that wish.

    The version that runs changes when the driver has brought the new one up. Older ones than the one that runs are
    refused. Permission: as for UpdateDeployment.
    """

    subject: ClassVar[str] = "deployments.command.set_airflow_version"

    deployment_id: DeploymentId
    airflow_version: str
    now: Annotated[datetime, Generated()] = Field(default_factory=utc_now)


class HibernateDeployment(Command[DeploymentRow]):
    """Stop a deployment's Airflow and keep all of its data; nothing happens if that is wished already.

    Permission: as for UpdateDeployment.
    """

    subject: ClassVar[str] = "deployments.command.hibernate_deployment"

    deployment_id: DeploymentId
    now: Annotated[datetime, Generated()] = Field(default_factory=utc_now)


class WakeDeployment(Command[DeploymentRow]):
    """Start the Airflow of a hibernated deployment again; nothing happens to one that is awake.

    Permission: as for UpdateDeployment.
    """

    subject: ClassVar[str] = "deployments.command.wake_deployment"

    deployment_id: DeploymentId
    now: Annotated[datetime, Generated()] = Field(default_factory=utc_now)


class RetryDeployment(Command[DeploymentRow]):
    """Have the driver try again what failed; rejected with `not_failed` where nothing did.

    Permission: as for UpdateDeployment; for a deletion that failed as for DeleteDeployment.
    """

    subject: ClassVar[str] = "deployments.command.retry_deployment"

    deployment_id: DeploymentId
    now: Annotated[datetime, Generated()] = Field(default_factory=utc_now)


class DeleteDeployment(Command[DeploymentRow]):
    """Delete a deployment; the answer is the deployment as it was before.

    It is hidden, stopped and its label free at once, its release name never. Its data and its record go after the
    days that the installation keeps them; `hard`: at once. Permission: deployment.config.delete on it or its
    workspace, or system.deployments.delete.
    """

    subject: ClassVar[str] = "deployments.command.delete_deployment"

    deployment_id: DeploymentId
    hard: bool = False
    now: Annotated[datetime, Generated()] = Field(default_factory=utc_now)


class CloseWorkspace(Command[WorkspaceClosed]):
    """Let no deployment be created in a workspace ever again; identity sends it before it deletes a workspace.

    Rejected with `deployments_exist` while one lives there; closing a closed one changes nothing. Permission:
    workspace.config.delete on the workspace; `service:identity` needs none.
    """

    subject: ClassVar[str] = "deployments.command.close_workspace"

    workspace_id: WorkspaceId
    now: Annotated[datetime, Generated()] = Field(default_factory=utc_now)
