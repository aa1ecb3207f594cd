"""Batched look-ups of one request: whatever a level of the answer needs costs one message."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property, partial
from typing import Any, Final, Protocol, TypeVar

from aiodataloader import DataLoader

from services.deployments.contract import DeploymentId, DeploymentRow, Deployments
from services.deployments.contract import WorkspaceId as DeploymentsWorkspaceId
from services.gateway.paging import MOST_LISTED, Identified, all_rows, too_long
from services.identity.contract import (
    Bindings,
    GroupRow,
    Groups,
    LoadTeams,
    LoadUsers,
    LoadWorkspaces,
    MemberRow,
    MembershipRow,
    Memberships,
    ServiceAccountRow,
    ServiceAccounts,
    TeamBindingRow,
    TeamBindings,
    TeamId,
    TeamMemberRow,
    TeamMembers,
    TeamRow,
    UserBindingRow,
    UserId,
    UserRow,
    WorkspaceId,
    WorkspaceMembers,
    WorkspaceRow,
)
from services.invites.contract import MOST_TOKENS, InviteId, InviteRow, Invites, InviteTokens
from shared.errors import Forbidden
from shared.messages import MOST_ROWS, Message, Query

A = TypeVar("A", bound=Message)
T = TypeVar("T")
RowT = TypeVar("RowT", bound=Identified)

MOST_LOADED: Final = 5 * MOST_LISTED
"""Rows that one batch may bring."""


class Ask(Protocol):
    """How a loader asks a service."""

    async def __call__(self, query: Query[A]) -> A: ...


def _batched(
    load: Callable[["Loaders", list[str]], Coroutine[Any, Any, list[T]]],
) -> cached_property[DataLoader[str, T]]:
    """Make the look-up of a batch the loader that calls it; it is made when it is first wanted, for most never are."""
    return cached_property(lambda loaders: DataLoader(partial(load, loaders), max_batch_size=MOST_ROWS))


class Loaders:
    """The loaders of one request; made anew after a command, for they remember what they saw.

    Persons come without their roles: whatever level of the answer needs those asks for all of them at once.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    @_batched
    async def users(self, keys: list[str]) -> list[UserRow | None]:
        ids = tuple(UserId(key) for key in keys)
        return _by_id(
            keys, await _loaded("users", lambda after: self._ask(LoadUsers(ids=ids, after_id=after, with_roles=False)))
        )

    @_batched
    async def workspaces(self, keys: list[str]) -> list[WorkspaceRow | None]:
        ids = tuple(WorkspaceId(key) for key in keys)
        rows = await _loaded("workspaces", lambda after: self._ask(LoadWorkspaces(ids=ids, after_id=after)))
        return _by_id(keys, rows)

    @_batched
    async def deployments(self, keys: list[str]) -> list[DeploymentRow | None]:
        ids = tuple(DeploymentId(key) for key in keys)
        rows = await _loaded("deployments", lambda after: self._ask(Deployments(ids=ids, after_id=after)))
        return _by_id(keys, rows)

    @_batched
    async def members(self, keys: list[str]) -> list[list[MemberRow]]:
        ids = tuple(WorkspaceId(key) for key in keys)
        hidden: set[str] = set()
        rows = await _loaded(
            "workspaceUsers",
            _noting(
                hidden, lambda after: self._ask(WorkspaceMembers(workspace_ids=ids, after_id=after, with_roles=False))
            ),
        )
        return _grouped(keys, rows, lambda row: row.workspace_id, "workspaceUsers", hidden)

    @_batched
    async def bindings(self, keys: list[str]) -> list[list[UserBindingRow]]:
        ids = tuple(UserId(key) for key in keys)
        rows = await _loaded("roleBindings", lambda after: self._ask(Bindings(user_ids=ids, after_id=after)))
        return _grouped(keys, rows, lambda row: row.user_id, "roleBindings")

    @_batched
    async def bindings_on(self, keys: list[str]) -> list[list[UserBindingRow]]:
        hidden: set[str] = set()
        wanted = Bindings(entities=tuple(keys))
        rows = await _loaded(
            "roleBindings", _noting(hidden, lambda after: self._ask(wanted.model_copy(update={"after_id": after})))
        )
        return _grouped(keys, rows, lambda row: row.entity, "roleBindings", hidden)

    @_batched
    async def service_accounts(self, keys: list[str]) -> list[list[ServiceAccountRow]]:
        entities = tuple(keys)
        rows = await _loaded(
            "roleBindings", lambda after: self._ask(ServiceAccounts(entities=entities, after_id=after))
        )
        return _grouped(keys, rows, lambda row: row.entity, "roleBindings")

    @_batched
    async def teams(self, keys: list[str]) -> list[TeamRow | None]:
        ids = tuple(TeamId(key) for key in keys)
        return _by_id(keys, await _loaded("teams", lambda after: self._ask(LoadTeams(ids=ids, after_id=after))))

    @_batched
    async def teams_on(self, keys: list[str]) -> list[list[TeamBindingRow]]:
        hidden: set[str] = set()
        wanted = TeamBindings(entities=tuple(keys))
        rows = await _loaded(
            "roleBindings", _noting(hidden, lambda after: self._ask(wanted.model_copy(update={"after_id": after})))
        )
        return _grouped(keys, rows, lambda row: row.entity, "roleBindings", hidden)

    @_batched
    async def team_bindings(self, keys: list[str]) -> list[list[TeamBindingRow]]:
        ids = tuple(TeamId(key) for key in keys)
        rows = await _loaded("roleBindings", lambda after: self._ask(TeamBindings(team_ids=ids, after_id=after)))
        return _grouped(keys, rows, lambda row: row.team_id, "roleBindings")

    @_batched
    async def team_members(self, keys: list[str]) -> list[list[TeamMemberRow]]:
        ids = tuple(TeamId(key) for key in keys)
        rows = await _loaded(
            "teamUsers", lambda after: self._ask(TeamMembers(team_ids=ids, after_id=after, with_roles=False))
        )
        return _grouped(keys, rows, lambda row: row.team_id, "teamUsers")

    @_batched
    async def memberships(self, keys: list[str]) -> list[list[MembershipRow]]:
        ids, hidden = tuple(UserId(key) for key in keys), set[str]()
        rows = await _loaded(
            "teams", _noting(hidden, lambda after: self._ask(Memberships(user_ids=ids, after_id=after)))
        )
        return _grouped(keys, rows, lambda row: row.user_id, "teams", hidden)

    @_batched
    async def groups(self, keys: list[str]) -> list[list[GroupRow]]:
        found = await self._ask(Groups(entities=tuple(keys)))
        return _grouped(keys, found.rows, lambda row: row.entity, "groups", set(found.forbidden))

    @_batched
    async def workspace_invites(self, keys: list[str]) -> list[list[InviteRow]]:
        ids = tuple(WorkspaceId(key) for key in keys)
        hidden: set[str] = set()
        rows = await _loaded(
            "invites", _noting(hidden, lambda after: self._ask(Invites(workspace_ids=ids, after_id=after)))
        )
        return _grouped(keys, rows, lambda row: row.workspace_id or "", "invites", hidden)

    @_batched
    async def invite_tokens(self, keys: list[str]) -> list[str | None]:
        parts = [tuple(map(InviteId, keys[n : n + MOST_TOKENS])) for n in range(0, len(keys), MOST_TOKENS)]
        found = [await self._ask(InviteTokens(ids=part)) for part in parts]
        tokens = {row.id: row.token for each in found for row in each.rows}
        return [tokens.get(InviteId(key)) for key in keys]

    @_batched
    async def workspace_deployments(self, keys: list[str]) -> list[list[DeploymentRow]]:
        ids = tuple(DeploymentsWorkspaceId(key) for key in keys)
        rows = await _loaded("deployments", lambda after: self._ask(Deployments(workspace_ids=ids, after_id=after)))
        return _grouped(keys, rows, lambda row: row.workspace_id, "deployments")


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
