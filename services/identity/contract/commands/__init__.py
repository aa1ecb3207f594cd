"""The wishes that identity takes. Fields marked Generated are made by the sender and no part of the wish."""

from services.identity.contract.commands.accounts import (
    ConfirmEmail,
    RequestConfirmation,
    RequestPasswordReset,
    ResetPassword,
    SetUserStatus,
    UpdateUser,
    VerifyEmail,
)
from services.identity.contract.commands.bindings import AddGroupUser, BindMode, BindUser, RemoveGroupUser, UnbindUser
from services.identity.contract.commands.credentials import (
    CreateServiceAccount,
    DeleteServiceAccount,
    UpdateServiceAccount,
)
from services.identity.contract.commands.people import (
    MOST_TEAMS,
    InviteUser,
    RegisterUser,
    RemoveUser,
    WithdrawInvitation,
)
from services.identity.contract.commands.sessions import EndSession, SignIn
from services.identity.contract.commands.signing_keys import RevokeSigningKey, RotateSigningKey
from services.identity.contract.commands.teams import (
    MOST_MEMBERS_AT_ONCE,
    AddTeamMembers,
    CreateTeam,
    DeleteTeam,
    GivenRole,
    RemoveTeamMember,
    RemoveTeamRole,
    SetTeamRole,
    SetTeamRoles,
    UpdateTeam,
)
from services.identity.contract.commands.visits import BeginVisit
from services.identity.contract.commands.wish import MOST_DESCRIPTION, MOST_TEXT
from services.identity.contract.commands.workspaces import (
    AddWorkspaceUser,
    CreateWorkspace,
    DeleteWorkspace,
    DeploymentRole,
    RemoveWorkspaceUser,
    UpdateWorkspace,
    UpdateWorkspaceUserRole,
)

__all__ = [
    "MOST_DESCRIPTION",
    "MOST_MEMBERS_AT_ONCE",
    "MOST_TEAMS",
    "MOST_TEXT",
    "AddGroupUser",
    "AddTeamMembers",
    "AddWorkspaceUser",
    "BeginVisit",
    "BindMode",
    "BindUser",
    "ConfirmEmail",
    "CreateServiceAccount",
    "CreateTeam",
    "CreateWorkspace",
    "DeleteServiceAccount",
    "DeleteTeam",
    "DeleteWorkspace",
    "DeploymentRole",
    "EndSession",
    "GivenRole",
    "InviteUser",
    "RegisterUser",
    "RemoveGroupUser",
    "RemoveTeamMember",
    "RemoveTeamRole",
    "RemoveUser",
    "RemoveWorkspaceUser",
    "RequestConfirmation",
    "RequestPasswordReset",
    "ResetPassword",
    "RevokeSigningKey",
    "RotateSigningKey",
    "SetTeamRole",
    "SetTeamRoles",
    "SetUserStatus",
    "SignIn",
    "UnbindUser",
    "UpdateServiceAccount",
    "UpdateTeam",
    "UpdateUser",
    "UpdateWorkspace",
    "UpdateWorkspaceUserRole",
    "VerifyEmail",
    "WithdrawInvitation",
]
