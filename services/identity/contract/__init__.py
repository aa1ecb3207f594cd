"""The contract of identity: what others may send it, ask it and hear from it.

Commands, events, queries and rows are named once, in the `__all__` of their rooms: what stands there is the contract's.
"""

from services.identity.contract import commands, events, queries, rows
from services.identity.contract.commands import *  # noqa: F403  see above
from services.identity.contract.events import *  # noqa: F403  see above
from services.identity.contract.ids import (
    SERVICE,
    BindingId,
    CredentialId,
    DeploymentId,
    InvitationId,
    OrganizationId,
    SessionId,
    TeamId,
    UserId,
    VisitId,
    WorkspaceId,
    new_binding_id,
    new_credential_id,
    new_invitation_id,
    new_session_id,
    new_team_id,
    new_user_id,
    new_visit_id,
    new_workspace_id,
)
from services.identity.contract.permissions import DEFINITIONS, Interface, Role
from services.identity.contract.queries import *  # noqa: F403  see above
from services.identity.contract.revocation import Revoked
from services.identity.contract.roles import (
    DEFAULT_ROLE,
    EVERYBODYS,
    NEWCOMER,
    OWNER,
    PERMISSIONS,
    ROLE_PERMISSIONS,
    RemovedPermissions,
    Roles,
    entity_id,
    entity_kind,
    fits,
    is_owner,
    is_stronger,
    role_within,
    shown_role,
    shows_as,
    strongest,
)
from services.identity.contract.rows import *  # noqa: F403  see above
from services.identity.contract.rules import Noted, Rule

__all__ = [
    "DEFAULT_ROLE",
    "DEFINITIONS",
    "EVERYBODYS",
    "NEWCOMER",
    "OWNER",
    "PERMISSIONS",
    "ROLE_PERMISSIONS",
    "SERVICE",
    "BindingId",
    "CredentialId",
    "DeploymentId",
    "Interface",
    "InvitationId",
    "Noted",
    "OrganizationId",
    "RemovedPermissions",
    "Revoked",
    "Role",
    "Roles",
    "Rule",
    "SessionId",
    "TeamId",
    "UserId",
    "VisitId",
    "WorkspaceId",
    "entity_id",
    "entity_kind",
    "fits",
    "is_owner",
    "is_stronger",
    "new_binding_id",
    "new_credential_id",
    "new_invitation_id",
    "new_session_id",
    "new_team_id",
    "new_user_id",
    "new_visit_id",
    "new_workspace_id",
    "role_within",
    "shown_role",
    "shows_as",
    "strongest",
]
__all__ += commands.__all__
__all__ += events.__all__
__all__ += queries.__all__
__all__ += rows.__all__
