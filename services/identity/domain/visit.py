"""A visit of a deployment's Airflow: begun once with a pass, never ended by itself."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from services.identity.contract import DeploymentId, SessionId, UserId, VisitBegan, VisitEvent, VisitId
from shared.errors import Unauthenticated

LONGEST: Final = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """Begin it; `session_expires_at`: a visit does not outlast its session."""

    visit_id: VisitId
    session_id: SessionId
    user_id: UserId
    deployment_id: DeploymentId
    key_id: str
    generation: int
    session_expires_at: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class Absent:
    """Its pass was not handed in."""


@dataclass(frozen=True, slots=True)
class Begun:
    """Its pass is used up."""


Visit: TypeAlias = Absent | Begun

ABSENT: Final = Absent()


def decide(command: Begin, visit: Visit) -> list[VisitEvent]:
    """Return the events that `command` causes; raise Unauthenticated where the pass has been used."""
    if not isinstance(visit, Absent):
        raise Unauthenticated("the pass has been used")
    now = command.now.replace(microsecond=0)  # a token counts whole seconds
    began = VisitBegan(
        visit_id=command.visit_id,
        session_id=command.session_id,
        user_id=command.user_id,
        deployment_id=command.deployment_id,
        key_id=command.key_id,
        began_at=now,
        expires_at=min(command.session_expires_at, now + LONGEST),
        generation=command.generation,
    )
    return [began]


def evolve(_visit: Visit, _event: VisitEvent) -> Visit:
    """Return the visit after its only event."""
    return Begun()
