"""What replies and queries of identity carry."""

from services.identity.contract.rows.bindings import Bound, GroupList, GroupRow
from services.identity.contract.rows.callers import Authenticated, GrantList, RoleList, RoleRow
from services.identity.contract.rows.credentials import ServiceAccountList, ServiceAccountRow
from services.identity.contract.rows.mails import MailContent, MailStatus
from services.identity.contract.rows.organization import OrganizationRow
from services.identity.contract.rows.origins import OpenedOrigins, SealedOrigin
from services.identity.contract.rows.people import (
    BindingList,
    BindingRow,
    Invited,
    Person,
    UserBindingRow,
    UserList,
    UserPage,
    UserRow,
    UserStatus,
)
from services.identity.contract.rows.sessions import Done, OpenSessionRow, SessionList, SessionRow, Signed, SignUpState
from services.identity.contract.rows.signing_keys import SigningKeyList, SigningKeyRow, SigningKeyState
from services.identity.contract.rows.teams import (
    MembershipList,
    MembershipRow,
    TeamBindingList,
    TeamBindingRow,
    TeamList,
    TeamMemberList,
    TeamMemberRow,
    TeamRole,
    TeamRow,
)
from services.identity.contract.rows.visits import PassRow, VisitRow
from services.identity.contract.rows.workspaces import MemberList, MemberRow, WorkspaceList, WorkspaceRow, WorkspaceUser

__all__ = [
    "Authenticated",
    "BindingList",
    "BindingRow",
    "Bound",
    "Done",
    "GrantList",
    "GroupList",
    "GroupRow",
    "Invited",
    "MailContent",
    "MailStatus",
    "MemberList",
    "MemberRow",
    "MembershipList",
    "MembershipRow",
    "OpenSessionRow",
    "OpenedOrigins",
    "OrganizationRow",
    "PassRow",
    "Person",
    "RoleList",
    "RoleRow",
    "SealedOrigin",
    "ServiceAccountList",
    "ServiceAccountRow",
    "SessionList",
    "SessionRow",
    "SignUpState",
    "Signed",
    "SigningKeyList",
    "SigningKeyRow",
    "SigningKeyState",
    "TeamBindingList",
    "TeamBindingRow",
    "TeamList",
    "TeamMemberList",
    "TeamMemberRow",
    "TeamRole",
    "TeamRow",
    "UserBindingRow",
    "UserList",
    "UserPage",
    "UserRow",
    "UserStatus",
    "VisitRow",
    "WorkspaceList",
    "WorkspaceRow",
    "WorkspaceUser",
]
