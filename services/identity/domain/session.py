"""A session: begun with a password, ended once; its token is minted from its first event."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias, assert_never

from services.identity.contract import EndReason, SessionEnded, SessionEvent, SessionId, SessionStarted, UserId
from shared.errors import Rejected

SHORTEST_DAYS: Final = 1
LONGEST_DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class Start:
    """Begin a session of a person; `days` is clamped to 1…7, None means one day (houston.md, section 1.3)."""

    session_id: SessionId
    user_id: UserId
    key_id: str
    days: int | None
    now: datetime
    generation: int = 0


@dataclass(frozen=True, slots=True)
class End:
    """End it; ending an ended one changes nothing."""

    session_id: SessionId
    reason: EndReason
    now: datetime


SessionCommand: TypeAlias = Start | End


@dataclass(frozen=True, slots=True)
class Absent:
    """Never begun."""


@dataclass(frozen=True, slots=True)
class Open:
    """Begun and not ended; it may have expired."""

    user_id: UserId


@dataclass(frozen=True, slots=True)
class Closed:
    """Ended for good."""

    user_id: UserId


Session: TypeAlias = Absent | Open | Closed

ABSENT: Final = Absent()


def decide(command: SessionCommand, session: Session) -> list[SessionEvent]:
    """Return the events that `command` causes; raise Rejected where a rule forbids it."""
    match command:
        case Start():
            if not isinstance(session, Absent):
                raise Rejected("the session exists already")
            return [_started(command)]
        case End(session_id, reason, now):
            if not isinstance(session, Open):
                return []
            return [SessionEnded(session_id=session_id, user_id=session.user_id, reason=reason, ended_at=now)]
        case _:
            assert_never(command)


def evolve(_session: Session, event: SessionEvent) -> Session:
    """Return the session after `event`."""
    match event:
        case SessionStarted(user_id=user_id):
            return Open(user_id=user_id)
        case SessionEnded(user_id=user_id):
            return Closed(user_id=user_id)
        case _:
            assert_never(event)


def _started(command: Start) -> SessionStarted:
    days = min(max(command.days or SHORTEST_DAYS, SHORTEST_DAYS), LONGEST_DAYS)
    issued_at = command.now.replace(microsecond=0)  # a token counts whole seconds
    return SessionStarted(
        session_id=command.session_id,
        user_id=command.user_id,
        key_id=command.key_id,
        issued_at=issued_at,
        expires_at=issued_at + timedelta(days=days),
        generation=command.generation,
    )
