"""What answers the commands of identity."""

from services.identity.contract import (
    AddWorkspaceUser,
    CreateServiceAccount,
    CreateWorkspace,
    DeleteServiceAccount,
    DeleteWorkspace,
    InviteUser,
    RegisterUser,
    RemoveUser,
    SignIn,
    UpdateWorkspace,
    UpdateWorkspaceUserRole,
    WithdrawInvitation,
)
from services.identity.handlers.invitations import Invitations
from services.identity.handlers.kit import Kit
from services.identity.handlers.members import Members
from services.identity.handlers.removal import Removal
from services.identity.handlers.service_accounts import ServiceAccounts
from services.identity.handlers.sessions import SigningIn
from services.identity.handlers.sign_up import SignUp
from services.identity.handlers.workspaces import Workspaces
from shared.bus.request import Handlers


def command_handlers(kit: Kit) -> Handlers:
    """Return the handler of every command that identity takes."""
    workspaces, members, accounts = Workspaces(kit), Members(kit), ServiceAccounts(kit)
    invitations = Invitations(kit)
    return {
        RegisterUser: SignUp(kit).register,
        SignIn: SigningIn(kit).sign_in,
        CreateWorkspace: workspaces.create,
        UpdateWorkspace: workspaces.update,
        DeleteWorkspace: workspaces.delete,
        AddWorkspaceUser: members.add,
        UpdateWorkspaceUserRole: members.update,
        RemoveUser: Removal(kit).remove,
        CreateServiceAccount: accounts.create,
        DeleteServiceAccount: accounts.delete,
        InviteUser: invitations.invite,
        WithdrawInvitation: invitations.withdraw,
    }
