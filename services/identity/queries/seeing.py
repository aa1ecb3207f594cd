"""What an asker may see: the entities on which they hold a permission."""

from collections.abc import Iterable, Mapping

from services.identity.contract import Role, entity_id, entity_kind
from services.identity.domain.grants import grants
from services.identity.domain.user import Binding
from services.identity.handlers.kit import Kit
from services.identity.handlers.streams import DEPLOYMENT
from services.identity.queries.holdings import held_through_teams
from services.identity.sql import QUERIES
from shared import auth
from shared.auth import MOST_GRANTS, SYSTEM, Principal, PrincipalKind
from shared.bus.context import Context
from shared.errors import Unauthenticated
from shared.store.model import PgPool


async def asker_of(context: Context, kit: Kit) -> Principal:
    """Return who asks with all of their grants, from the rows where the message could not carry them.

    Raises Unauthenticated where nobody asks.
    """
    asker = context.principal
    if asker.kind is PrincipalKind.ANONYMOUS:
        raise Unauthenticated("no valid credential was sent")
    if asker.kind is not PrincipalKind.USER or len(asker.grants) < MOST_GRANTS:
        return asker
    found = await kit.running.pool_queries.fetch(QUERIES["grants_of_person"], asker.subject)
    own = [Binding(role=Role(each["role"]), entity=each["entity"]) for each in found]
    held = grants([*own, *await held_through_teams(kit, asker.subject)])
    sets = kit.roles.permission_sets({Role(grant.role) for grant in held})
    return asker.model_copy(update={"grants": tuple(held), "permission_sets": sets})


def entities_with(asker: Principal, permission: str) -> list[str]:
    """Return the entities below the system that the asker has a grant on and holds a permission on."""
    roles = {role for role, permissions in asker.permission_sets.items() if permission in permissions}
    everywhere = asker.holds(permission)
    granted = {grant.entity for grant in asker.grants if everywhere or grant.role in roles}
    return sorted(granted - {SYSTEM})


def is_self(asker: Principal, user_id: str) -> bool:
    """Say whether the asker is this person."""
    return asker.kind is PrincipalKind.USER and asker.subject == user_id


async def reached_from(pool: PgPool, entities: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Return those on which a permission reaches each entity: itself and, of a living deployment, its workspace."""
    named = dict.fromkeys(entities)
    ids = [entity_id(entity) for entity in named if entity_kind(entity) == DEPLOYMENT.kind]
    found = await pool.fetch(QUERIES["places_of_deployments"], ids) if ids else []
    places = {auth.deployment(row["id"]): auth.workspace(row["workspace_id"]) for row in found}
    return {entity: (entity, places[entity]) if entity in places else (entity,) for entity in named}
