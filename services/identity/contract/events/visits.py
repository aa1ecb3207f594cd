"""The facts about visits: a person's browser that has been let in to one deployment's Airflow."""

from datetime import datetime
from typing import ClassVar, TypeAlias

from services.identity.contract.ids import DeploymentId, SessionId, UserId, VisitId
from shared.messages import Event


class VisitBegan(Event):
    """A one-use pass was handed in. The visit's token is minted from this event alone, as a session's is from its own.

    It ends with its session, at the latest when it expires; `generation` is that of the session.
    """

    type_name: ClassVar[str] = "visit.began"

    visit_id: VisitId
    session_id: SessionId
    user_id: UserId
    deployment_id: DeploymentId
    key_id: str
    began_at: datetime
    expires_at: datetime
    generation: int = 0


VisitEvent: TypeAlias = VisitBegan
