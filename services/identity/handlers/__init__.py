"""What answers the commands of identity."""

from services.identity.contract import (
    AddGroupUser,
    AddTeamMembers,
    AddWorkspaceUser,
    BeginVisit,
    BindUser,
    ConfirmEmail,
    CreateServiceAccount,
    CreateTeam,
    CreateWorkspace,
    DeleteServiceAccount,
    DeleteTeam,
    DeleteWorkspace,
    EndSession,
    InviteUser,
    RegisterUser,
    RemoveGroupUser,
    RemoveTeamMember,
    RemoveTeamRole,
    RemoveUser,
    RemoveWorkspaceUser,
    RequestConfirmation,
    RequestPasswordReset,
    ResetPassword,
    RevokeSigningKey,
    RotateSigningKey,
    SetTeamRole,
    SetTeamRoles,
    SetUserStatus,
    SignIn,
    UnbindUser,
    UpdateServiceAccount,
    UpdateTeam,
    UpdateUser,
    UpdateWorkspace,
    UpdateWorkspaceUserRole,
    VerifyEmail,
    WithdrawInvitation,
)
from services.identity.handlers.accounts import Accounts
from services.identity.handlers.bindings import Bindings
from services.identity.handlers.invitations import Invitations
from services.identity.handlers.kit import Kit
from services.identity.handlers.links import MailedLinks
from services.identity.handlers.members import Members
from services.identity.handlers.removal import Removal
from services.identity.handlers.service_accounts import ServiceAccounts
from services.identity.handlers.sessions import SigningIn
from services.identity.handlers.sign_up import SignUp
from services.identity.handlers.signing_keys import SigningKeyCommands
from services.identity.handlers.teams import Teams
from services.identity.handlers.visits import Visits
from services.identity.handlers.workspaces import Workspaces
from shared.bus.request import Handlers


def command_handlers(kit: Kit) -> Handlers:
    """Return the handler of every command that identity takes."""
    workspaces, members, accounts = Workspaces(kit), Members(kit), ServiceAccounts(kit)
    signing_in, links, people = SigningIn(kit), MailedLinks(kit), Accounts(kit)
    invitations, bindings, keys = Invitations(kit), Bindings(kit), SigningKeyCommands(kit)
    return {
        **_of_teams(Teams(kit)),
        RegisterUser: SignUp(kit).register,
        SignIn: signing_in.sign_in,
        EndSession: signing_in.end,
        BeginVisit: Visits(kit).begin,
        ConfirmEmail: links.confirm,
        ResetPassword: links.reset,
        RequestConfirmation: links.request_confirmation,
        RequestPasswordReset: links.request_reset,
        VerifyEmail: people.verify,
        UpdateUser: people.update,
        SetUserStatus: people.set_status,
        CreateWorkspace: workspaces.create,
        UpdateWorkspace: workspaces.update,
        DeleteWorkspace: workspaces.delete,
        AddWorkspaceUser: members.add,
        UpdateWorkspaceUserRole: members.update,
        RemoveWorkspaceUser: members.remove,
        BindUser: bindings.bind,
        UnbindUser: bindings.unbind,
        AddGroupUser: bindings.add_to_group,
        RemoveGroupUser: bindings.remove_from_group,
        RemoveUser: Removal(kit).remove,
        CreateServiceAccount: accounts.create,
        UpdateServiceAccount: accounts.update,
        DeleteServiceAccount: accounts.delete,
        RotateSigningKey: keys.rotate,
        RevokeSigningKey: keys.revoke,
        InviteUser: invitations.invite,
        WithdrawInvitation: invitations.withdraw,
    }


def _of_teams(teams: Teams) -> Handlers:
    return {
        CreateTeam: teams.create,
        UpdateTeam: teams.update,
        DeleteTeam: teams.delete,
        AddTeamMembers: teams.add_members,
        RemoveTeamMember: teams.remove_member,
        SetTeamRole: teams.set_role,
        RemoveTeamRole: teams.remove_role,
        SetTeamRoles: teams.set_roles,
    }
