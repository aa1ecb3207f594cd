"""What a subject holds: grants from bindings, and who may grant what."""

from collections.abc import Iterable

from services.identity.contract import EVERYBODYS, Role, Roles
from services.identity.domain.user import Active, Binding
from shared.auth import MOST_GRANTS, SYSTEM, Grant, Principal, PrincipalKind


def grants(bindings: Iterable[Binding]) -> list[Grant]:
    """Return the grants behind bindings, each once, those on the system first, after what everybody holds."""
    held = sorted(bindings, key=lambda binding: binding.entity != SYSTEM)
    common = (Grant(role=role, entity=SYSTEM) for role in EVERYBODYS)
    return list(dict.fromkeys([*common, *(Grant(role=each.role, entity=each.entity) for each in held)]))


def principal(
    kind: PrincipalKind, subject: str, *, credential: str, bindings: Iterable[Binding], roles: Roles
) -> tuple[Principal, bool]:
    """Return the principal of a subject with as many grants as it can carry, and whether there are more."""
    held = grants(bindings)
    carried = held[:MOST_GRANTS]
    made = Principal(
        kind=kind,
        subject=subject,
        credential=credential,
        grants=tuple(carried),
        permission_sets=roles.permission_sets({Role(grant.role) for grant in carried}),
    )
    return made, len(held) > len(carried)


def user_principal(user: Active, *, credential: str, entities: frozenset[str], roles: Roles) -> Principal:
    """Return a person's principal with the grants on the system and on `entities` alone."""
    reached = {SYSTEM, *entities}
    bindings = [binding for binding in user.bindings.values() if binding.entity in reached]
    return principal(PrincipalKind.USER, user.user_id, credential=credential, bindings=bindings, roles=roles)[0]


def also_holding(who: Principal, bindings: Iterable[Binding], *, roles: Roles) -> Principal:
    """Return a principal with the grants behind more bindings, for checks alone: it may hold too many for a message."""
    held = dict.fromkeys([*who.grants, *(Grant(role=each.role, entity=each.entity) for each in bindings)])
    sets = roles.permission_sets({Role(grant.role) for grant in held})
    return who.model_copy(update={"grants": tuple(held), "permission_sets": sets})


def require_all_of(role: Role, *entities: str, grantor: Principal, roles: Roles) -> None:
    """Raise Forbidden unless the grantor holds every permission of `role` on one of `entities` or on the system."""
    for permission in sorted(roles.permissions(role)):
        grantor.require(permission, *entities)
