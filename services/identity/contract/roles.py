"""What follows from the table of roles: who may do what, which role fits where, which is the stronger one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import BeforeValidator
from pydantic_settings import NoDecode

from services.identity.contract.permissions import DEFINITIONS, Interface, Role
from shared.auth import SYSTEM


def _with_included(role: Role) -> frozenset[Role]:
    return frozenset({role}).union(*(_with_included(included) for included in DEFINITIONS[role].includes))


ROLE_PERMISSIONS: Final[Mapping[Role, frozenset[str]]] = {
    role: frozenset[str]().union(*(DEFINITIONS[each].adds for each in _with_included(role))) for role in DEFINITIONS
}
"""Every role with all that it may do: `scope.entity.action` strings."""

PERMISSIONS: Final = frozenset[str]().union(*ROLE_PERMISSIONS.values())
"""All permissions that there are."""

EVERYBODYS: Final = tuple(role for role, definition in DEFINITIONS.items() if not definition.scope)
"""The roles that everybody who is signed in holds."""


def _strength(role: Role) -> int:
    return len(ROLE_PERMISSIONS[role])


def strongest(roles: Iterable[Role]) -> Role:
    """Return the role that may do most; of one scope, a stronger role includes every weaker one that is shown."""
    return max(roles, key=_strength)


def is_stronger(role: Role, than: Role) -> bool:
    """Say whether `role` may do more than the other one."""
    return _strength(role) > _strength(than)


def _of_scope(scope: str) -> list[Role]:
    return [role for role, definition in DEFINITIONS.items() if definition.scope == scope]


DEFAULT_ROLE: Final[Mapping[str, Role]] = {
    scope: strongest(_of_scope(scope)) for scope in ("system", "workspace", "deployment")
}
"""The role of who makes something, by the kind of the entity; also of a service account whose maker names none."""

NEWCOMER: Final = min(_of_scope("workspace"), key=_strength)
"""The role in a workspace of who is added without one."""

OWNER: Final = next(role for role, definition in DEFINITIONS.items() if definition.owner)
"""The role of the first person."""


@dataclass(frozen=True, slots=True)
class Roles:
    """The table as an installation uses it: without the permissions that its settings remove from every role."""

    removed: frozenset[str] = frozenset()

    def permissions(self, role: Role) -> frozenset[str]:
        """Return all that a role may do."""
        return ROLE_PERMISSIONS[role] - self.removed

    def permission_sets(self, roles: Iterable[Role]) -> dict[str, frozenset[str]]:
        """Return each of `roles` with its permissions, in the form that a principal carries."""
        return {role.value: self.permissions(role) for role in roles}


def _known_permissions(text: object) -> object:
    if not isinstance(text, str):
        return text
    named = frozenset(each.strip() for each in text.split(",") if each.strip())
    if unknown := sorted(named - PERMISSIONS):
        raise ValueError(f"there is no permission {', '.join(unknown)}")
    return named


RemovedPermissions = Annotated[frozenset[str], NoDecode, BeforeValidator(_known_permissions)]
"""A setting: permissions that no role gives, with commas between them."""


def entity_kind(entity: str) -> str:
    """Return the kind of an entity: `system`, `workspace` or `deployment`."""
    return entity.partition(":")[0]


def entity_id(entity: str) -> str:
    """Return the id in an entity, "" for the system."""
    return entity.partition(":")[2]


def fits(role: Role, entity: str) -> bool:
    """Say whether `role` can be bound to `entity`: SYSTEM_… to the system, WORKSPACE_… to a workspace and so on."""
    return DEFINITIONS[role].scope == entity_kind(entity)


def is_owner(role: Role, entity: str) -> bool:
    """Say whether `role` on `entity` makes its holder an owner of the organization."""
    return DEFINITIONS[role].owner and entity == SYSTEM


def shown_role(role: Role, interface: Interface) -> str | None:
    """Return what an interface calls a role; None where it can't show it."""
    definition = DEFINITIONS[role]
    match interface:
        case Interface.GRAPHQL:
            return definition.graphql
        case Interface.REST:
            return definition.rest


def shows_as(held: Role, wished: Role, interface: Interface) -> bool:
    """Say whether an interface shows the `held` role as the `wished` one: then writing that back changes nothing."""
    shown = shown_role(held, interface)
    return held is wished or (shown is not None and shown == shown_role(wished, interface))


def role_within(role: Role, scope: str) -> Role | None:
    """Return what a role amounts to on the narrower entities inside its own; None for nothing.

    Source: houston.md, section 4.1: a role in a workspace yields the one of its rank on the deployments there.
    """
    included = [each for each in _with_included(role) if DEFINITIONS[each].scope == scope]
    return strongest(included) if included else None
