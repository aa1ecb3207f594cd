"""What is told of visits to Airflows."""

from datetime import datetime

from pydantic import Field

from services.identity.contract.ids import DeploymentId, SessionId, UserId, VisitId
from shared.messages import Message, Row


class PassRow(Message):
    """A pass to one deployment's Airflow: good once, for a minute."""

    token: str = Field(repr=False)
    expires_at: datetime


class VisitRow(Row):
    """A visit with the token that stands for it at the door of one deployment's Airflow, and nowhere else."""

    id: VisitId
    token: str = Field(repr=False)
    session_id: SessionId
    user_id: UserId
    deployment_id: DeploymentId
    expires_at: datetime
