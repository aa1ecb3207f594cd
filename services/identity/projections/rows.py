"""The rows that events make: pure folds, one a kind of row."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar, assert_never, cast

from services.identity.contract import (
    CredentialCreated,
    CredentialDeleted,
    CredentialEvent,
    CredentialUpdated,
    DeploymentEvent,
    DeploymentGone,
    DeploymentId,
    DeploymentPlaced,
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
    WorkspaceId,
    WorkspaceRow,
    WorkspaceUpdated,
)
from services.identity.domain.events import (
    UserActivated,
    UserEmailConfirmed,
    UserEvent,
    UserInvited,
    UserPasswordChanged,
    UserProfileChanged,
    UserRegistered,
    UserReinstated,
    UserRemoved,
    UserSuspended,
)
from shared.messages import Row
from shared.store.model import Recorded
from shared.store.personal import clear_text

R = TypeVar("R", bound=Row)


class UserRecord(Row):
    """A person without bindings; `version` is that of the person's stream.

    `session_generation`: sessions of an older one have ended.
    """

    id: UserId
    username: str
    full_name: str
    email: str
    status: UserStatus
    email_verified: bool
    avatar_url: str = ""
    created_at: datetime
    updated_at: datetime
    version: int
    session_generation: int = 0


class DeploymentRecord(Row):
    """A deployment that lives, and where."""

    id: DeploymentId
    workspace_id: WorkspaceId


class SessionRecord(Row):
    """A session that has not been ended."""

    id: SessionId
    user_id: UserId
    issued_at: datetime
    expires_at: datetime
    generation: int = 0


def evolve_user(row: UserRecord | None, recorded: Recorded) -> UserRecord | None:
    """Return the person's row after the event; None once the person is removed."""
    event = cast("UserEvent", recorded.event)  # the streams of this kind hold nothing else
    match event:
        case UserInvited():
            if row is None:
                return _invited(event, recorded.version)
            return row.model_copy(update={"version": recorded.version})
        case UserRegistered():
            return _joined(row, event, event.registered_at, version=recorded.version)
        case UserActivated():
            return _joined(row, event, event.activated_at, version=recorded.version)
        case UserRemoved():
            return None
        case _:
            return row and row.model_copy(update={"version": recorded.version, **_changes(row, event)})


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


def evolve_deployment(row: DeploymentRecord | None, recorded: Recorded) -> DeploymentRecord | None:
    """Return the deployment's row after the event; None once it is gone."""
    del row
    event = cast("DeploymentEvent", recorded.event)  # the streams of this kind hold nothing else
    match event:
        case DeploymentPlaced():
            return DeploymentRecord(id=event.deployment_id, workspace_id=event.workspace_id)
        case DeploymentGone():
            return None
        case _:
            assert_never(event)


def evolve_service_account(row: ServiceAccountRow | None, recorded: Recorded) -> ServiceAccountRow | None:
    """Return the service account's row after the event; None once it is deleted."""
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
        case CredentialUpdated():
            changes = {
                "label": event.label,
                "category": event.category,
                "role": event.role,
                "updated_at": event.updated_at,
            }
            return row and row.model_copy(update=changes)
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
                generation=event.generation,
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
        avatar_url=row.avatar_url if row else "",
        created_at=row.created_at if row else at,
        updated_at=at,
        version=version,
        session_generation=row.session_generation if row else 0,
    )


def _changes(row: UserRecord, event: UserEvent) -> dict[str, Any]:
    """Return what an event about an account changes in its row."""
    signed_out = {"session_generation": row.session_generation + 1}
    match event:
        case UserEmailConfirmed():
            return {"status": UserStatus.ACTIVE, "email_verified": True, "updated_at": event.confirmed_at}
        case UserPasswordChanged():
            return {"updated_at": event.changed_at, **signed_out}
        case UserProfileChanged():
            texts = {"full_name": clear_text(event.full_name), "avatar_url": clear_text(event.avatar_url)}
            return {"updated_at": event.changed_at, **texts}
        case UserSuspended():
            return {"status": UserStatus(event.status), "updated_at": event.suspended_at, **signed_out}
        case UserReinstated():
            status = UserStatus.ACTIVE if row.email_verified else UserStatus.PENDING
            return {"status": status, "updated_at": event.reinstated_at}
        case _:
            return {}
