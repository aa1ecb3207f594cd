"""The question about service accounts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.identity.contract import ServiceAccountList, ServiceAccountRow, ServiceAccounts, entity_kind
from services.identity.handlers.entities import check_entity
from services.identity.handlers.kit import Kit
from services.identity.queries.pages import page
from services.identity.queries.seeing import asker_of, reached_from
from services.identity.sql import QUERIES
from shared.auth import Principal
from shared.bus.request import Request, Result
from shared.errors import Forbidden, Invalid
from shared.store.model import PgPool

_SEE_ALL: Final = "system.serviceAccounts.get"


@dataclass(frozen=True, slots=True)
class ServiceAccountQueries:
    """What answers the question about service accounts."""

    kit: Kit

    @property
    def pool(self) -> PgPool:
        """Return the connections to the rows."""
        return self.kit.running.pool_queries

    async def service_accounts(self, request: Request[ServiceAccounts]) -> Result[ServiceAccountList]:
        """List the service accounts that were asked for, or raise Forbidden."""
        asked, asker = request.message, await asker_of(request.context, self.kit)
        if asked.ids is not None:
            rows = await self._find("service_accounts_by_ids", asked, list(asked.ids))
            _check_ids(asked, asker, rows, await reached_from(self.pool, [row.entity for row in rows]))
        elif asked.entities is not None:
            for entity, places in (await reached_from(self.pool, asked.entities)).items():
                asker.require(_permission(check_entity(entity)), *places)
            rows = await self._find("service_accounts_of_entities", asked, list(asked.entities))
        elif asked.key_digest:
            asker.require(_SEE_ALL)
            rows = await self._find("service_accounts_with_key", asked, asked.key_digest)
        else:
            raise Invalid("ids, entities or key_digest is required")
        kept, more = page(rows, limit=asked.limit)
        return Result(ServiceAccountList(rows=kept, more=more))

    async def _find(self, name: str, asked: ServiceAccounts, by: list[str] | str) -> Sequence[ServiceAccountRow]:
        found = await self.pool.fetch(QUERIES[name], asked.after_id, asked.limit + 1, by)
        return [ServiceAccountRow.model_validate_json(each["row"]) for each in found]


def _check_ids(
    asked: ServiceAccounts,
    asker: Principal,
    rows: Sequence[ServiceAccountRow],
    places: Mapping[str, tuple[str, ...]],
) -> None:
    """Raise Forbidden where one is unknown or foreign, alike, unless the asker sees all."""
    if asker.holds(_SEE_ALL):
        return
    seen = {row.id for row in rows if asker.holds(_permission(row.entity), *places[row.entity])}
    wanted = {id_ for id_ in asked.ids or () if id_ > asked.after_id}
    if wanted - seen and len(rows) <= asked.limit:
        raise Forbidden(f"permission {_SEE_ALL} is required")


def _permission(entity: str) -> str:
    return f"{entity_kind(entity)}.serviceAccounts.get"
