"""Batched look-ups of one request: whatever a level of the answer needs costs one message."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final, Protocol, TypeVar

from aiodataloader import DataLoader

from services.deployments.contract import DeploymentId, DeploymentRow, Deployments
from services.deployments.contract import WorkspaceId as DeploymentsWorkspaceId
from services.gateway.paging import MOST_LISTED, Identified, all_rows, too_long
from services.identity.contract import (
    Bindings,
    LoadUsers,
    LoadWorkspaces,
    MemberRow,
    ServiceAccountRow,
    ServiceAccounts,
    UserBindingRow,
    UserId,
    UserRow,
    WorkspaceId,
    WorkspaceMembers,
    WorkspaceRow,
)
from services.invites.contract import InviteRow, Invites
from shared.errors import Forbidden
from shared.messages import MOST_ROWS, Message, Query

A = TypeVar("A", bound=Message)
RowT = TypeVar("RowT", bound=Identified)

MOST_LOADED: Final = 5 * MOST_LISTED
"""Rows that one batch may bring."""


class Ask(Protocol):
    """How a loader asks a service."""

    async def __call__(self, query: Query[A]) -> A: ...


class Loaders:
    """The loaders of one request; made anew after a command, for they remember what they saw."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self.users: DataLoader[str, UserRow | None] = _loader(self._users)
        self.workspaces: DataLoader[str, WorkspaceRow | None] = _loader(self._workspaces)
        self.deployments: DataLoader[str, DeploymentRow | None] = _loader(self._deployments)
        self.members: DataLoader[str, list[MemberRow]] = _loader(self._members)
        self.bindings: DataLoader[str, list[UserBindingRow]] = _loader(self._bindings)
        self.service_accounts: DataLoader[str, list[ServiceAccountRow]] = _loader(self._service_accounts)
        self.workspace_invites: DataLoader[str, list[InviteRow]] = _loader(self._workspace_invites)
        self.workspace_deployments: DataLoader[str, list[DeploymentRow]] = _loader(self._workspace_deployments)

    async def _users(self, keys: list[str]) -> list[UserRow | None]:
        ids = tuple(UserId(key) for key in keys)
        return _by_id(keys, await _loaded("users", lambda after: self._ask(LoadUsers(ids=ids, after_id=after))))

    async def _workspaces(self, keys: list[str]) -> list[WorkspaceRow | None]:
        ids = tuple(WorkspaceId(key) for key in keys)
        rows = await _loaded("workspaces", lambda after: self._ask(LoadWorkspaces(ids=ids, after_id=after)))
        return _by_id(keys, rows)

    async def _deployments(self, keys: list[str]) -> list[DeploymentRow | None]:
        ids = tuple(DeploymentId(key) for key in keys)
        rows = await _loaded("deployments", lambda after: self._ask(Deployments(ids=ids, after_id=after)))
        return _by_id(keys, rows)

    async def _members(self, keys: list[str]) -> list[list[MemberRow]]:
        ids = tuple(WorkspaceId(key) for key in keys)
        hidden: set[str] = set()
        rows = await _loaded(
            "users", _noting(hidden, lambda after: self._ask(WorkspaceMembers(workspace_ids=ids, after_id=after)))
        )
        return _grouped(keys, rows, lambda row: row.workspace_id, "users", hidden)

    async def _bindings(self, keys: list[str]) -> list[list[UserBindingRow]]:
        ids = tuple(UserId(key) for key in keys)
        rows = await _loaded("roleBindings", lambda after: self._ask(Bindings(user_ids=ids, after_id=after)))
        return _grouped(keys, rows, lambda row: row.user_id, "roleBindings")

    async def _service_accounts(self, keys: list[str]) -> list[list[ServiceAccountRow]]:
        entities = tuple(keys)
        rows = await _loaded(
            "roleBindings", lambda after: self._ask(ServiceAccounts(entities=entities, after_id=after))
        )
        return _grouped(keys, rows, lambda row: row.entity, "roleBindings")

    async def _workspace_invites(self, keys: list[str]) -> list[list[InviteRow]]:
        ids = tuple(WorkspaceId(key) for key in keys)
        hidden: set[str] = set()
        rows = await _loaded(
            "invites", _noting(hidden, lambda after: self._ask(Invites(workspace_ids=ids, after_id=after)))
        )
        return _grouped(keys, rows, lambda row: row.workspace_id or "", "invites", hidden)

    async def _workspace_deployments(self, keys: list[str]) -> list[list[DeploymentRow]]:
        ids = tuple(DeploymentsWorkspaceId(key) for key in keys)
        rows = await _loaded("deployments", lambda after: self._ask(Deployments(workspace_ids=ids, after_id=after)))
        return _grouped(keys, rows, lambda row: row.workspace_id, "deployments")


def _loader(load: Callable[[list[str]], Any]) -> DataLoader[str, Any]:
    return DataLoader(load, max_batch_size=MOST_ROWS)


async def _loaded(field: str, ask: Callable[[str], Awaitable[Any]]) -> list[Any]:
    return await all_rows(ask, field=field, most=MOST_LOADED)


def _noting(hidden: set[str], ask: Callable[[str], Awaitable[Any]]) -> Callable[[str], Awaitable[Any]]:
    """Return `ask`, with the keys that its pages call forbidden put into `hidden`."""

    async def page(after_id: str) -> Any:
        found = await ask(after_id)
        hidden.update(found.forbidden)
        return found

    return page


def _by_id(keys: Sequence[str], rows: Sequence[RowT]) -> list[RowT | None]:
    found = {row.id: row for row in rows}
    return [found.get(key) for key in keys]


def _grouped(
    keys: Sequence[str],
    rows: Sequence[RowT],
    key_of: Callable[[RowT], str],
    field: str,
    hidden: AbstractSet[str] = frozenset(),
) -> list[Any]:
    """Return the rows of each key; an error stands in the place of one that is hidden or too long."""
    groups: defaultdict[str, list[RowT]] = defaultdict(list)
    for row in rows:
        groups[key_of(row)].append(row)
    errors: dict[str, Exception] = {key: Forbidden("this may not be seen") for key in hidden}
    errors.update({key: too_long(field) for key, group in groups.items() if len(group) > MOST_LISTED})
    return [errors.get(key) or groups[key] for key in keys]
