"""The questions about workspaces."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.identity.contract import LoadWorkspaces, WorkspaceList, WorkspaceRow, Workspaces
from services.identity.handlers.kit import Kit
from services.identity.queries.pages import page
from services.identity.queries.seeing import asker_of, entities_with, is_self
from services.identity.sql import QUERIES
from shared import auth
from shared.auth import Principal, PrincipalKind
from shared.bus.request import Request, Result
from shared.errors import Forbidden
from shared.messages import MOST_ROWS
from shared.store.model import PgPool

_SEE_ALL: Final = "system.workspace.get"
_SEE_ONE: Final = "workspace.config.get"
_SEE_PEOPLE: Final = "system.users.get"
_ENTITY: Final = "workspace:"


@dataclass(frozen=True, slots=True)
class WorkspaceQueries:
    """What answers the questions about workspaces."""

    kit: Kit

    @property
    def pool(self) -> PgPool:
        """Return the connections to the rows."""
        return self.kit.running.pool_queries

    async def workspaces(self, request: Request[Workspaces]) -> Result[WorkspaceList]:
        """List the workspaces that were asked for, or raise Forbidden."""
        asked, asker = request.message, await asker_of(request.context, self.kit)
        name, of = self._source(asked, asker)
        found = await self.pool.fetch(QUERIES[name], asked.after_id, asked.limit + 1, asked.label, *of)
        kept, more = page([WorkspaceRow.model_validate_json(each["row"]) for each in found], limit=asked.limit)
        return Result(WorkspaceList(rows=kept, more=more))

    async def load_workspaces(self, request: Request[LoadWorkspaces]) -> Result[WorkspaceList]:
        """Return those of the ids that the asker may see; a service sees all."""
        asked, asker = request.message, await asker_of(request.context, self.kit)
        seen = list(asked.ids) if asker.kind is PrincipalKind.SERVICE else _seen(asker, asked.ids)
        found = await self.pool.fetch(QUERIES["workspaces_by_ids"], asked.after_id, MOST_ROWS + 1, "", seen)
        kept, more = page([WorkspaceRow.model_validate_json(each["row"]) for each in found], limit=MOST_ROWS)
        return Result(WorkspaceList(rows=kept, more=more))

    def _source(self, asked: Workspaces, asker: Principal) -> tuple[str, Sequence[str | int | list[str]]]:
        """Return the query and what it takes besides."""
        if asked.ids is not None:
            if len(_seen(asker, asked.ids)) < len(asked.ids):
                raise Forbidden(f"permission {_SEE_ONE} is required")
            return "workspaces_by_ids", [list(asked.ids)]
        if asked.user_id:
            if not is_self(asker, asked.user_id):
                asker.require(_SEE_PEOPLE)
            return "workspaces_of_user", [asked.user_id, [], asked.skip]
        if asked.everything:
            asker.require(_SEE_ALL)
            return ("workspaces_with_label" if asked.label else "workspaces_all"), []
        return "workspaces_of_user", [asker.subject, _own(asker), asked.skip]


def _seen(asker: Principal, ids: Sequence[str]) -> list[str]:
    if asker.holds(_SEE_ALL) or asker.holds(_SEE_ONE):
        return list(ids)
    seen = set(entities_with(asker, _SEE_ONE))
    return [id_ for id_ in ids if auth.workspace(id_) in seen]


def _own(asker: Principal) -> list[str]:
    # Grants reach further than own bindings: service accounts hold theirs otherwise.
    return [grant.entity.removeprefix(_ENTITY) for grant in asker.grants if grant.entity.startswith(_ENTITY)]
