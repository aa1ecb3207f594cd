"""Who may do what, from what the asker holds at this moment."""

from services.identity.contract import SERVICE, Role
from services.identity.domain import credential
from services.identity.domain.grants import principal, require_all_of, user_principal
from services.identity.domain.user import Active, Binding
from services.identity.handlers.streams import CREDENTIAL, USER
from shared.auth import Principal, PrincipalKind
from shared.commands import Unit
from shared.errors import Forbidden, Unauthenticated

INVITES = "service:invites"


async def asker(unit: Unit, *entities: str) -> Principal:
    """Return the asker with what they hold on the system and on `entities`, read afresh.

    The entry expects what was read unchanged, so a grant that is taken away at the same time counts or conflicts, but
    never slips through. Raises Unauthenticated when nobody asks, or somebody who is gone.
    """
    given = unit.principal
    match given.kind:
        case PrincipalKind.USER:
            user = (await unit.load(USER, given.subject)).state
            if not isinstance(user, Active):
                raise Unauthenticated("the asker may not sign in any more")
            return user_principal(user, credential=given.credential, entities=frozenset(entities))
        case PrincipalKind.SERVICE_ACCOUNT:
            state = (await unit.load(CREDENTIAL, given.subject)).state
            if not isinstance(state, credential.Live):
                raise Unauthenticated("the service account is gone")
            held = [Binding(role=state.role, entity=state.entity)]
            return principal(given.kind, given.subject, credential=given.credential, bindings=held)[0]
        case PrincipalKind.SERVICE:
            return given
        case PrincipalKind.ANONYMOUS:
            raise Unauthenticated("no valid credential was sent")


async def require(unit: Unit, permission: str, *entities: str, role: Role | None = None) -> Principal:
    """Return the asker if they hold `permission` on one of `entities` or on the system, and all that `role` gives.

    Raises Unauthenticated or Forbidden.
    """
    who = await asker(unit, *entities)
    unit.require(permission, *entities, principal=who)
    for entity in entities if role else ():
        require_all_of(role or Role.USER, entity, grantor=who)
    return who


def require_service(given: Principal, *names: str) -> None:
    """Raise Forbidden unless one of the named services asks, Unauthenticated where nobody does."""
    if given.kind is PrincipalKind.ANONYMOUS:
        raise Unauthenticated("no valid credential was sent")
    if given.kind is not PrincipalKind.SERVICE or given.subject not in names:
        raise Forbidden(f"only {' or '.join(names)} may ask this")


OWN = f"service:{SERVICE}"
"""The principal of this service's own workers."""
