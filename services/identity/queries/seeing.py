"""What an asker may see: the entities on which they hold a permission."""

from shared.auth import SYSTEM, Principal, PrincipalKind
from shared.errors import Unauthenticated


def require_somebody(asker: Principal) -> None:
    """Raise Unauthenticated where nobody asks."""
    if asker.kind is PrincipalKind.ANONYMOUS:
        raise Unauthenticated("no valid credential was sent")


def entities_with(asker: Principal, permission: str) -> list[str]:
    """Return the entities below the system on which the asker holds a permission by a grant there."""
    granted = {grant.entity for grant in asker.grants} - {SYSTEM}
    return sorted(entity for entity in granted if asker.holds(permission, entity))


def is_self(asker: Principal, user_id: str) -> bool:
    """Say whether the asker is this person."""
    return asker.kind is PrincipalKind.USER and asker.subject == user_id
