"""The answers of commands, made from the streams as they are after the commit."""

from collections.abc import Iterable, Sequence
from typing import Final, TypeVar, cast

from services.identity.contract import (
    MOST_ROLES,
    BindingRow,
    ServiceAccountRow,
    SessionStarted,
    TeamBindingRow,
    TeamDeleted,
    TeamEvent,
    TeamRow,
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
from services.identity.projections.teams import TeamRecord, change_team_bindings, evolve_team
from shared.auth import SYSTEM
from shared.commands import Committed
from shared.messages import Message
from shared.store.model import Recorded

M = TypeVar("M", bound=Message)

_OURS: Final = {"version", "session_generation"}
"""Columns of a person that nobody else is shown."""


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


def brought_up(
    record: UserRecord, roles: Iterable[UserBindingRow], newer: Sequence[Recorded]
) -> tuple[UserRecord, Sequence[UserBindingRow]]:
    """Return a person's rows as the events make them that are newer than these."""
    bindings: dict[str, UserBindingRow] = {row.id: row for row in roles}
    for recorded in newer:
        record = evolve_user(record, recorded) or record
        change_bindings(bindings, cast("UserEvent", recorded.event))
    return record, list(bindings.values())


def last_binding(history: Sequence[Recorded], entity: str) -> BindingRow | None:
    """Return the binding that a person has on an entity or, where it was taken away, had there last."""
    bindings: dict[str, UserBindingRow] = {}
    last: BindingRow | None = None
    for recorded in history:
        change_bindings(bindings, cast("UserEvent", recorded.event))
        last = next((row for row in bindings.values() if row.entity == entity), last)
    return last and BindingRow.model_validate(last.model_dump())


def with_roles(record: UserRecord, bindings: Sequence[UserBindingRow]) -> UserRow:
    """Return a person's row with its bindings, those on the system first, at most MOST_ROLES of them."""
    roles, more = _first_roles(bindings)
    return UserRow(**record.model_dump(exclude=_OURS), roles=roles, more_roles=more)


def without_roles(record: UserRecord) -> UserRow:
    """Return a person's row whose bindings were not read."""
    return UserRow(**record.model_dump(exclude=_OURS), more_roles=True)


def team_row(history: Sequence[Recorded]) -> TeamRow:
    """Return a team's row; of one that was deleted, the row before that."""
    record = _there(last_row(evolve_team, history))
    bindings: dict[str, TeamBindingRow] = {}
    for recorded in history:
        if not isinstance(recorded.event, TeamDeleted):
            change_team_bindings(bindings, cast("TeamEvent", recorded.event))
    return team_with_roles(record, list(bindings.values()))


def team_with_roles(record: TeamRecord, bindings: Sequence[TeamBindingRow]) -> TeamRow:
    """Return a team's row with its bindings, those on the system first, at most MOST_ROLES of them."""
    roles, more = _first_roles(bindings)
    return TeamRow(**record.model_dump(exclude={"version"}), roles=roles, more_roles=more)


def last_team_binding(history: Sequence[Recorded], entity: str) -> TeamBindingRow:
    """Return the binding that a team has on an entity or, where it was taken away, had there last."""
    bindings: dict[str, TeamBindingRow] = {}
    last: TeamBindingRow | None = None
    for recorded in history:
        change_team_bindings(bindings, cast("TeamEvent", recorded.event))
        last = next((row for row in bindings.values() if row.entity == entity), last)
    return _there(last)


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


def _first_roles(bindings: Sequence[BindingRow]) -> tuple[tuple[BindingRow, ...], bool]:
    ordered = sorted(bindings, key=lambda binding: (binding.entity != SYSTEM, binding.id))
    # Whose they are is left out where the row is written, as it is no field of BindingRow.
    return tuple(ordered[:MOST_ROLES]), len(ordered) > MOST_ROLES


def _there(row: M | None) -> M:
    if row is None:
        raise LookupError("the stream is empty")
    return row
