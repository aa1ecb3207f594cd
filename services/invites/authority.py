"""Who may invite to what, withdraw it and see it; decided here, on the target of the message."""

from dataclasses import dataclass
from typing import Final

from services.identity.contract import ROLE_PERMISSIONS, Grants, Role
from shared.auth import MOST_GRANTS, SYSTEM, Principal, PrincipalKind
from shared.bus.client import Bus
from shared.bus.context import Context
from shared.errors import Unauthenticated

SEE_ALL: Final = "system.users.get"
SEE_WORKSPACE: Final = "workspace.invites.get"


@dataclass(frozen=True, slots=True)
class Authority:
    """Checks the grants of the asker, all of them where the envelope could not carry them."""

    bus: Bus

    async def require_invite(self, context: Context, scope: str, role: Role | None = None) -> None:
        """Return if the asker may invite to `scope`, withdraw from it, and holds all that `role` would give.

        Raises Unauthenticated or Forbidden.
        """
        asker = await self.asker(context)
        if scope == SYSTEM:
            asker.require("system.user.invite")
        else:
            asker.require("workspace.iam.update", scope)
        for permission in sorted(ROLE_PERMISSIONS[role]) if role else ():
            asker.require(permission, scope)

    async def asker(self, context: Context) -> Principal:
        """Return the principal of a message with all of its grants; raise Unauthenticated where nobody asks."""
        principal = context.principal
        if principal.kind is PrincipalKind.ANONYMOUS:
            raise Unauthenticated("no valid credential was sent")
        if len(principal.grants) < MOST_GRANTS:
            return principal
        held = (await self.bus.ask(Grants(of=principal.subject), context.caused())).value
        return principal.model_copy(update={"grants": held.grants, "permission_sets": held.permission_sets})


def visible_scopes(asker: Principal) -> list[str]:
    """Return the workspaces whose invites the asker may see by a grant on the workspace itself."""
    return sorted({grant.entity for grant in asker.grants if asker.holds(SEE_WORKSPACE, grant.entity)} - {SYSTEM})
