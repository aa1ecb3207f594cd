"""What roles are bound to: the system, workspaces and deployments."""

import re
from collections.abc import Iterable
from typing import Final

from services.identity.contract import Role, Rule, entity_id, entity_kind, fits
from services.identity.domain import deployment, workspace
from services.identity.handlers.authority import require
from services.identity.handlers.kit import Kit
from services.identity.handlers.streams import DEPLOYMENT, WORKSPACE
from shared import auth
from shared.commands import Unit
from shared.errors import Invalid, Rejected

_ENTITY: Final = re.compile(r"system|(workspace|deployment):[^\s:]+")


def check_entity(text: str) -> str:
    """Return what a message calls an entity; raise Invalid where it is none."""
    if not _ENTITY.fullmatch(text):
        raise Invalid("expected the entity system, workspace:<id> or deployment:<id>", rule=Rule.ROLE_ENTITY_MISMATCH)
    return text


async def reached_from(unit: Unit, entity: str) -> tuple[str, ...]:
    """Return the entities on which a permission reaches `entity`: itself, and of a deployment its workspace.

    The entry expects a deployment unchanged.
    """
    if entity_kind(entity) == DEPLOYMENT.kind:
        state = (await unit.load(DEPLOYMENT, entity_id(entity))).state
        if isinstance(state, deployment.Placed):
            return entity, auth.workspace(state.workspace_id)
    return (entity,)


async def deployments_in(unit: Unit, place: str, *, of: Iterable[str]) -> list[str]:
    """Return those of the entities that are deployments in a workspace, gone ones left out."""
    found = [entity for entity in of if entity_kind(entity) == DEPLOYMENT.kind]
    return [entity for entity in found if place in await reached_from(unit, entity)]


async def require_role_change(
    unit: Unit,
    kit: Kit,
    entity: str,
    role: Role | None = None,
    *,
    on_deployment: str = "deployment.userRoles.update",
) -> None:
    """Return if the asker may change roles on `entity`, holds all that `role` gives, and the entity is there.

    `on_deployment` is the permission that a deployment takes; the system and workspaces take iam.update. Raises
    Unauthenticated, Forbidden, Rejected (invalid_role) or NotFound.
    """
    kind, places = entity_kind(entity), await reached_from(unit, entity)
    permission = on_deployment if kind == DEPLOYMENT.kind else f"{kind}.iam.update"
    fitting = role if role is not None and fits(role, entity) else None
    await require(unit, kit, permission, *places, role=fitting)
    if role is not fitting:
        raise Rejected(f"{role} is no role of a {kind}", rule=Rule.INVALID_ROLE)
    await require_living(unit, entity)


async def require_living(unit: Unit, entity: str) -> None:
    """Raise NotFound unless the entity is there; the entry expects it to stay."""
    match entity_kind(entity):
        case WORKSPACE.kind:
            workspace.live((await unit.load(WORKSPACE, entity_id(entity))).state)
        case DEPLOYMENT.kind:
            deployment.placed((await unit.load(DEPLOYMENT, entity_id(entity))).state)
        case _:
            pass
