"""The questions that the deployments service answers."""

from datetime import datetime
from typing import ClassVar, Final

from pydantic import Field

from services.deployments.contract.ids import DeploymentId, WorkspaceId
from services.deployments.contract.logs import LineList, LinePlace
from services.deployments.contract.rows import ConfigurationRow, DeploymentList, DeploymentRow, DoorRow
from shared.messages import MOST_ROWS, Query

MOST_SEARCH: Final = 1_000
"""Characters of a text that is looked for."""


class Deployments(Query[DeploymentList]):
    """Live deployments that the principal may see, by the first that is given: `ids`, `workspace_ids`, `release_name`.

    None given: all that the principal may see. What is unknown, deleted or foreign is left out of the rows. May see:
    deployment.config.get on it or its workspace, workspace.deployments.get, or system.deployments.get. An anonymous
    principal is Unauthenticated. Rows come in the order of their ids; ask again with `after_id` while `more` is true.
    `strict` tells instead of leaving out: NotFound when one of `ids` is not among the rows, Forbidden when the
    principal lacks workspace.deployments.get on one of `workspace_ids`.
    """

    subject: ClassVar[str] = "deployments.query.deployments"

    ids: tuple[DeploymentId, ...] | None = Field(default=None, max_length=MOST_ROWS)
    workspace_ids: tuple[WorkspaceId, ...] | None = Field(default=None, max_length=MOST_ROWS)
    release_name: str = ""
    strict: bool = False
    after_id: str = ""
    limit: int = Field(default=MOST_ROWS, ge=1, le=MOST_ROWS)


class AuthorizeLogs(Query[DeploymentRow]):
    """The deployment whose log lines the principal may read.

    Permission: deployment.logs.get on it or its workspace, or system.deployments.logs. NotFound when it is unknown,
    deleted or foreign; Forbidden when it may be seen but its lines may not.
    """

    subject: ClassVar[str] = "deployments.query.authorize_logs"

    deployment_id: DeploymentId


class DeploymentLines(Query[LineList]):
    """The newest lines in the history of a deployment that are asked for, the newest first.

    `component` and `search` may be "": all; an unknown component has no lines. `after`: lines of a later time, not of
    that one. `search`: lines with this text in them, in any case. `before`: lines that stand before that place; while
    `more` is true, ask again with that of the last line. Permission, NotFound and Forbidden: as AuthorizeLogs. Invalid
    where a search takes more than 3 s.
    """

    subject: ClassVar[str] = "deployments.query.lines"

    deployment_id: DeploymentId
    component: str = ""
    after: datetime | None = None
    search: str = Field(default="", max_length=MOST_SEARCH)
    before: LinePlace | None = None
    limit: int = Field(default=MOST_ROWS, ge=1, le=MOST_ROWS)


class FindDoor(Query[DoorRow]):
    """Where the Airflow of the live deployment of this name or id is, and a token for it, for the gateway alone.

    Permission: deployment.airflow.get, .user or .admin on it or its workspace, or system.airflow.…: the Airflow role is
    Viewer, User or Admin. NotFound when it is unknown, deleted or foreign; Rejected airflow_away while none runs.
    """

    subject: ClassVar[str] = "deployments.query.find_door"

    release_name: str = ""
    deployment_id: DeploymentId | None = None


class DeploymentConfiguration(Query[ConfigurationRow]):
    """What deployments may ask for; anybody who is signed in may know."""

    subject: ClassVar[str] = "deployments.query.configuration"
