"""The groups of 2018 as views over role bindings: all who hold one role on one entity.

Source: houston.md, section 4.4.
"""

from typing import Final

from services.identity.contract import (
    DEFINITIONS,
    GroupRow,
    Interface,
    Role,
    WorkspaceId,
    entity_id,
    entity_kind,
    fits,
    shows_as,
)
from shared.auth import SYSTEM, workspace

_BETWEEN: Final = "-"  # no id of ours has one


def groups_of(entity: str) -> list[GroupRow]:
    """Return the groups of the system or of a workspace, the strongest role first; none for another entity."""
    kind = entity_kind(entity)
    scopes = {kind, ""} if entity == SYSTEM else {kind}
    found = [role for role, definition in DEFINITIONS.items() if definition.group and definition.scope in scopes]
    return [_group(entity, role) for role in reversed(found)]


def group_of(id_: str) -> GroupRow | None:
    """Return the group with this id, None where no group can have it; whether its workspace exists is left open."""
    place, between, _ = id_.partition(_BETWEEN)
    entity = workspace(place) if between else SYSTEM
    return next((group for group in groups_of(entity) if group.id == id_), None)


def is_fixed(group: GroupRow) -> bool:
    """Say whether everybody is in the group for good."""
    return not fits(group.role, group.entity)


def roles_in(group: GroupRow) -> list[Role]:
    """Return the stored roles whose holders are in the group: those that GraphQL shows as its role."""
    return [role for role in DEFINITIONS if shows_as(role, group.role, Interface.GRAPHQL)]


def _group(entity: str, role: Role) -> GroupRow:
    label = DEFINITIONS[role].group
    place = entity_id(entity)
    return GroupRow(
        id=f"{place}{_BETWEEN}{role.value.lower()}" if place else label,
        label=label,
        entity=entity,
        role=role,
        workspace_id=WorkspaceId(place),
    )
