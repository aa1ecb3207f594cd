"""The questions that identity answers. Lists come by rising id; the asker loops with `after_id` while `more`."""

from services.identity.contract.queries.callers import (
    Authenticate,
    AuthenticateVisit,
    Grants,
    IssuePass,
    RoleDefinitions,
    SigningKeys,
    SignUps,
)
from services.identity.contract.queries.credentials import ServiceAccounts
from services.identity.contract.queries.mails import MailDetails, MailPurpose
from services.identity.contract.queries.organization import TheOrganization
from services.identity.contract.queries.origins import OpenOrigins, SealOrigin
from services.identity.contract.queries.people import (
    Bindings,
    FindPerson,
    Groups,
    Holders,
    LoadUsers,
    SortedUsers,
    UserOrder,
    Users,
)
from services.identity.contract.queries.question import MOST_ROLES, Order
from services.identity.contract.queries.sessions import Sessions
from services.identity.contract.queries.teams import (
    LoadTeams,
    Memberships,
    SortedTeamMembers,
    SortedTeams,
    TeamBindings,
    TeamMemberOrder,
    TeamMembers,
    TeamOrder,
    Teams,
)
from services.identity.contract.queries.workspaces import LoadWorkspaces, WorkspaceMembers, Workspaces

__all__ = [
    "MOST_ROLES",
    "Authenticate",
    "AuthenticateVisit",
    "Bindings",
    "FindPerson",
    "Grants",
    "Groups",
    "Holders",
    "IssuePass",
    "LoadTeams",
    "LoadUsers",
    "LoadWorkspaces",
    "MailDetails",
    "MailPurpose",
    "Memberships",
    "OpenOrigins",
    "Order",
    "RoleDefinitions",
    "SealOrigin",
    "ServiceAccounts",
    "Sessions",
    "SignUps",
    "SigningKeys",
    "SortedTeamMembers",
    "SortedTeams",
    "SortedUsers",
    "TeamBindings",
    "TeamMemberOrder",
    "TeamMembers",
    "TeamOrder",
    "Teams",
    "TheOrganization",
    "UserOrder",
    "Users",
    "WorkspaceMembers",
    "Workspaces",
]
