"""What the deployments service's own workers report of a driver; nobody else may send it, so it is on no bus yet."""

from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import Field

from services.deployments.contract.ids import DeploymentId
from services.deployments.contract.rows import DeploymentRow
from shared.clock import utc_now
from shared.messages import Command, Generated


class ReportHealthy(Command[DeploymentRow]):
    """A driver has brought this generation up."""

    subject: ClassVar[str] = "deployments.command.report_healthy"

    deployment_id: DeploymentId
    generation: int
    now: Annotated[datetime, Generated()] = Field(default_factory=utc_now)


class ReportRemoved(Command[DeploymentRow]):
    """A driver has left nothing of a deleted deployment."""

    subject: ClassVar[str] = "deployments.command.report_removed"

    deployment_id: DeploymentId
    generation: int
    now: Annotated[datetime, Generated()] = Field(default_factory=utc_now)
