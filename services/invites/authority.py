"""Who may invite to what, withdraw it and see it; decided here, on the target of the message."""

from dataclasses import dataclass
from typing import Final

from services.identity.contract import Role, Roles
from services.identity.contract.holdings import asker_with_all_grants
from shared.auth import SYSTEM, Principal
from shared.bus.client import Bus
from shared.bus.context import Context
from shared.errors import Forbidden

SEE_ALL: Final = "system.users.get"
SEE_WORKSPACE: Final = "workspace.invites.get"


@dataclass(frozen=True, slots=True)
class Authority:
    """Checks the grants of the asker, all of them where the envelope could not carry them."""

    bus: Bus
    roles: Roles

    async def require_invite(self, context: Context, scope: str, role: Role | None = None) -> str:
        """Return the role by which the asker may invite to `scope`, withdraw from it, and give all that `role` gives.

        Raises Unauthenticated or Forbidden.
        """
        return self._require(await self.asker(context), scope, role)

    def may_invite(self, asker: Principal, scope: str, role: Role) -> bool:
        """Say whether the asker, with all of its grants, may invite to `scope` with this role."""
        try:
            self._require(asker, scope, role)
        except Forbidden:
            return False
        return True

    def _require(self, asker: Principal, scope: str, role: Role | None) -> str:
        allowed_by = asker.require("system.user.invite" if scope == SYSTEM else "workspace.iam.update", scope)
        for permission in sorted(self.roles.permissions(role)) if role else ():
            asker.require(permission, scope)
        return allowed_by

    async def asker(self, context: Context) -> Principal:
        """Return the principal of a message with all of its grants; raise Unauthenticated where nobody asks."""
        return await asker_with_all_grants(self.bus, context)


def visible_scopes(asker: Principal) -> list[str]:
    """Return the workspaces whose invites the asker may see by a grant on the workspace itself."""
    roles = {role for role, permissions in asker.permission_sets.items() if SEE_WORKSPACE in permissions}
    everywhere = asker.holds(SEE_WORKSPACE)
    return sorted({grant.entity for grant in asker.grants if everywhere or grant.role in roles} - {SYSTEM})
