"""The wishes that the deployments service takes."""

from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import Field, JsonValue

from services.deployments.contract.ids import DeploymentId, WorkspaceId
from services.deployments.contract.names import CANDIDATES, new_release_names
from services.deployments.contract.rows import AIRFLOW, DeploymentRow, Executor, JsonObject, WorkspaceClosed
from shared.clock import utc_now
from shared.ids import new_id
from shared.messages import Command, Generated, Message


class EnvironmentVariable(Message):
    """One variable of a deployment's environment; its value is a secret."""

    key: str
    value: str = Field(default="", repr=False)


class CreateDeployment(Command[DeploymentRow]):
    """Create a deployment in a workspace.

    Empty texts mean the default. `executor` wins over `config.executor` and is written into it. `release_name` counts
    only where the installation allows names by hand. `env` is stored as a secret. Permission:
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
    release_name: str = ""
    deployment_id: Annotated[DeploymentId, Generated()] = Field(default_factory=lambda: DeploymentId(new_id()))
    release_names: Annotated[tuple[str, ...], Generated()] = Field(
        default_factory=new_release_names, min_length=1, max_length=CANDIDATES
    )
    now: Annotated[datetime, Generated()] = Field(default_factory=utc_now)


class DeleteDeployment(Command[DeploymentRow]):
    """Delete a deployment; the answer is the deployment as it was before.

    It is hidden and its label free at once, its release name never. `hard`: its record goes too, when its driver is
    done. Permission: deployment.config.delete on it or its workspace, or system.deployments.delete.
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
