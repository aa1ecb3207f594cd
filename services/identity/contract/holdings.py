"""All that an asker holds, for a service whose message could carry only the first of their grants."""

from services.identity.contract.queries import Grants
from shared.auth import MOST_GRANTS, Principal, PrincipalKind
from shared.bus.client import Bus
from shared.bus.context import Context
from shared.errors import Unauthenticated


async def asker_with_all_grants(bus: Bus, context: Context) -> Principal:
    """Return the principal of a message with all of its grants; identity is asked where the message is full.

    It is for checks alone: no message could carry it on. Raises Unauthenticated where nobody asks, Unavailable when
    identity is away.
    """
    principal = context.principal
    if principal.kind is PrincipalKind.ANONYMOUS:
        raise Unauthenticated("no valid credential was sent")
    if len(principal.grants) < MOST_GRANTS:
        return principal
    held = (await bus.ask(Grants(of=principal.subject), context.caused())).value
    return principal.model_copy(update={"grants": held.grants, "permission_sets": held.permission_sets})
