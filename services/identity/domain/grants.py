"""What a subject holds: grants from bindings, and who may grant what."""

from collections.abc import Iterable

from services.identity.contract import ROLE_PERMISSIONS, Role, permission_sets
from services.identity.domain.user import Active, Binding
from shared.auth import MOST_GRANTS, SYSTEM, Grant, Principal, PrincipalKind


def grants(bindings: Iterable[Binding]) -> list[Grant]:
    """Return the grants behind bindings, those on the system first, and the role USER that everybody holds."""
    held = sorted(bindings, key=lambda binding: binding.entity != SYSTEM)
    return [Grant(role=Role.USER, entity=SYSTEM), *(Grant(role=each.role, entity=each.entity) for each in held)]


def principal(
    kind: PrincipalKind, subject: str, *, credential: str, bindings: Iterable[Binding]
) -> tuple[Principal, bool]:
    """Return the principal of a subject with as many grants as it can carry, and whether there are more."""
    held = grants(bindings)
    carried = held[:MOST_GRANTS]
    made = Principal(
        kind=kind,
        subject=subject,
        credential=credential,
        grants=tuple(carried),
        permission_sets=permission_sets({Role(grant.role) for grant in carried}),
    )
    return made, len(held) > len(carried)


def user_principal(user: Active, *, credential: str, entities: frozenset[str]) -> Principal:
    """Return a person's principal with the grants on the system and on `entities` alone."""
    reached = {SYSTEM, *entities}
    bindings = [binding for binding in user.bindings.values() if binding.entity in reached]
    return principal(PrincipalKind.USER, user.user_id, credential=credential, bindings=bindings)[0]


def require_all_of(role: Role, entity: str, *, grantor: Principal) -> None:
    """Raise Forbidden unless the grantor holds every permission of `role` on `entity` or above."""
    for permission in sorted(ROLE_PERMISSIONS[role]):
        grantor.require(permission, entity)
