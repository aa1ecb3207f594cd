"""The rows that events make: pure folds, one a kind of row."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar, assert_never, cast

from services.identity.contract import (
    CredentialCreated,
    CredentialDeleted,
    CredentialEvent,
    ServiceAccountRow,
    SessionEnded,
    SessionEvent,
    SessionId,
    SessionStarted,
    UserId,
    UserStatus,
    WorkspaceCreated,
    WorkspaceDeleted,
    WorkspaceEvent,
    WorkspaceRow,
    WorkspaceUpdated,
)
from services.identity.domain.events import UserActivated, UserEvent, UserInvited, UserRegistered, UserRemoved
from shared.messages import Row
from shared.store.model import Recorded
from shared.store.personal import clear_text

R = TypeVar("R", bound=Row)


class UserRecord(Row):
    """A person without bindings; `version` is that of the person's stream."""

    id: UserId
    username: str
    full_name: str
    email: str
    status: UserStatus
    email_verified: bool
    created_at: datetime
    updated_at: datetime
    version: int


class SessionRecord(Row):
    """A session that has not been ended."""

    id: SessionId
    user_id: UserId
    issued_at: datetime
    expires_at: datetime


def evolve_user(row: UserRecord | None, recorded: Recorded) -> UserRecord | None:
    """Return the person's row after the event; None once the person is removed."""
    event = cast("UserEvent", recorded.event)  # the streams of this kind hold nothing else
    match event:
        case UserInvited():
            return _invited(event, recorded.version) if row is None else _at(row, recorded.version)
        case UserRegistered():
            return _joined(row, event, event.registered_at, version=recorded.version)
        case UserActivated():
            return _joined(row, event, event.activated_at, version=recorded.version)
        case UserRemoved():
            return None
        case _:
            return row and _at(row, recorded.version)


def evolve_workspace(row: WorkspaceRow | None, recorded: Recorded) -> WorkspaceRow | None:
    """Return the workspace's row after the event; None once it is deleted."""
    event = cast("WorkspaceEvent", recorded.event)  # the streams of this kind hold nothing else
    match event:
        case WorkspaceCreated():
            return WorkspaceRow(
                id=event.workspace_id,
                label=event.label,
                description=event.description,
                created_at=event.created_at,
                updated_at=event.created_at,
            )
        case WorkspaceUpdated():
            changes = {"label": event.label, "description": event.description, "updated_at": event.updated_at}
            return row and row.model_copy(update=changes)
        case WorkspaceDeleted():
            return None
        case _:
            assert_never(event)


def evolve_service_account(row: ServiceAccountRow | None, recorded: Recorded) -> ServiceAccountRow | None:
    """Return the service account's row after the event; None once it is deleted."""
    del row
    event = cast("CredentialEvent", recorded.event)  # the streams of this kind hold nothing else
    match event:
        case CredentialCreated():
            return ServiceAccountRow(
                id=event.credential_id,
                label=event.label,
                category=event.category,
                entity=event.entity,
                role=event.role,
                key_digest=event.key_digest,
                key_masked=event.key_masked,
                created_at=event.created_at,
                updated_at=event.created_at,
            )
        case CredentialDeleted():
            return None
        case _:
            assert_never(event)


def evolve_session(row: SessionRecord | None, recorded: Recorded) -> SessionRecord | None:
    """Return the session's row after the event; None once it is ended."""
    del row
    event = cast("SessionEvent", recorded.event)  # the streams of this kind hold nothing else
    match event:
        case SessionStarted():
            return SessionRecord(
                id=event.session_id,
                user_id=event.user_id,
                issued_at=event.issued_at,
                expires_at=event.expires_at,
            )
        case SessionEnded():
            return None
        case _:
            assert_never(event)


def last_row(evolve: Callable[[R | None, Recorded], R | None], history: Sequence[Recorded]) -> R | None:
    """Return the last row that a history made: of a thing that is gone, as it was before; None if there was none."""
    row: R | None = None
    for recorded in history:
        row = evolve(row, recorded) or row
    return row


def _invited(event: UserInvited, version: int) -> UserRecord:
    return UserRecord(
        id=event.user_id,
        username="",
        full_name="",
        email=clear_text(event.email),
        status=UserStatus.INVITED,
        email_verified=False,
        created_at=event.invited_at,
        updated_at=event.invited_at,
        version=version,
    )


def _joined(row: UserRecord | None, event: UserRegistered | UserActivated, at: datetime, *, version: int) -> UserRecord:
    active = isinstance(event, UserActivated) or event.status == "active"
    return UserRecord(
        id=event.user_id,
        username=clear_text(event.username),
        full_name=clear_text(event.full_name),
        email=clear_text(event.email),
        status=UserStatus.ACTIVE if active else UserStatus.PENDING,
        email_verified=isinstance(event, UserActivated) or event.email_verified,
        created_at=row.created_at if row else at,
        updated_at=at,
        version=version,
    )


def _at(row: UserRecord, version: int) -> UserRecord:
    return row.model_copy(update={"version": version})
