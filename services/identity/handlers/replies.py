"""The answers of commands, made from the streams as they are after the commit."""

from collections.abc import Sequence
from typing import TypeVar, cast

from services.identity.contract import (
    MOST_ROLES,
    BindingRow,
    ServiceAccountRow,
    SessionStarted,
    UserBindingRow,
    UserRow,
    WorkspaceRow,
)
from services.identity.domain.events import UserEvent, UserRemoved
from services.identity.projections.people import change_bindings
from services.identity.projections.rows import (
    UserRecord,
    evolve_service_account,
    evolve_user,
    evolve_workspace,
    last_row,
)
from shared.auth import SYSTEM
from shared.commands import Committed
from shared.messages import Message
from shared.store.model import Recorded

M = TypeVar("M", bound=Message)


def user_row(history: Sequence[Recorded]) -> UserRow:
    """Return a person's row; of one who was removed, the row before that."""
    record = last_row(evolve_user, history)
    if record is None:
        raise LookupError("the stream of a person is empty")
    bindings: dict[str, UserBindingRow] = {}
    for recorded in history:
        if not isinstance(recorded.event, UserRemoved):
            change_bindings(bindings, cast("UserEvent", recorded.event))
    return with_roles(record, list(bindings.values()))


def with_roles(record: UserRecord, bindings: Sequence[UserBindingRow]) -> UserRow:
    """Return a person's row with its bindings, those on the system first, at most MOST_ROLES of them."""
    ordered = sorted(bindings, key=lambda binding: (binding.entity != SYSTEM, binding.id))
    roles = tuple(BindingRow.model_validate(each.model_dump()) for each in ordered[:MOST_ROLES])
    return UserRow(**record.model_dump(exclude={"version"}), roles=roles, more_roles=len(ordered) > MOST_ROLES)


def workspace_row(history: Sequence[Recorded]) -> WorkspaceRow:
    """Return a workspace's row; of one that was deleted, the row before that."""
    return _there(last_row(evolve_workspace, history))


def service_account_row(history: Sequence[Recorded]) -> ServiceAccountRow:
    """Return a service account's row; of one that was deleted, the row before that."""
    return _there(last_row(evolve_service_account, history))


def session_of(history: Sequence[Recorded]) -> SessionStarted:
    """Return the first event of a session, from which its token is minted."""
    return cast("SessionStarted", history[0].event)


def primary(committed: Committed) -> Sequence[Recorded]:
    """Return the stream that the command was about."""
    return committed.histories[committed.stream]


def _there(row: M | None) -> M:
    if row is None:
        raise LookupError("the stream is empty")
    return row
