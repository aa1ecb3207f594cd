"""What the deployments service says to itself: what a driver reports, and that days are over; on no bus yet."""

from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import Field

from services.deployments.contract.ids import DeploymentId
from services.deployments.contract.rows import DeploymentRow, Observation
from shared.clock import utc_now
from shared.messages import Command, Generated


class ReportObserved(Command[DeploymentRow]):
    """A driver's view of a generation.

    `step` and `reason` say what failed, `complaints` what is not well; `lines` are the last that were written, and may
    hold secrets.
    """

    subject: ClassVar[str] = "deployments.command.report_observed"

    deployment_id: DeploymentId
    generation: int
    observation: Observation
    step: str = ""
    reason: str = ""
    complaints: tuple[str, ...] = ()
    lines: tuple[str, ...] = Field(default=(), repr=False)
    now: Annotated[datetime, Generated()] = Field(default_factory=utc_now)


class PurgeDeployment(Command[DeploymentRow]):
    """The data of a deleted deployment are no longer kept."""

    subject: ClassVar[str] = "deployments.command.purge_deployment"

    deployment_id: DeploymentId
    now: Annotated[datetime, Generated()] = Field(default_factory=utc_now)
