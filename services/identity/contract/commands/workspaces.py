"""The wishes about workspaces and the people in them."""

from typing import Annotated, ClassVar, Final

from pydantic import Field

from services.identity.contract.commands.wish import Wish
from services.identity.contract.ids import (
    BindingId,
    DeploymentId,
    InvitationId,
    UserId,
    WorkspaceId,
    new_binding_id,
    new_invitation_id,
    new_user_id,
    new_workspace_id,
)
from services.identity.contract.permissions import Interface, Role
from services.identity.contract.roles import NEWCOMER
from services.identity.contract.rows import WorkspaceRow, WorkspaceUser
from shared.messages import Generated, Message

MOST_NAMED: Final = 100
"""Groups or deployments that one wish may name."""


class CreateWorkspace(Wish[WorkspaceRow]):
    """Create a workspace; its creator becomes WORKSPACE_ADMIN of it, a service account gets no binding.

    Permission: system.workspace.create, which every login holds; of a service account also workspace.config.update on
    the system, else Rejected (key_out_of_reach).
    """

    subject: ClassVar[str] = "identity.command.create_workspace"

    label: str
    description: str = ""
    workspace_id: Annotated[WorkspaceId, Generated()] = Field(default_factory=new_workspace_id)
    binding_id: Annotated[BindingId, Generated()] = Field(default_factory=new_binding_id)


class UpdateWorkspace(Wish[WorkspaceRow]):
    """Change the label or the description of a workspace; None leaves one as it is.

    Permission: workspace.config.update on it. NotFound when there is none.
    """

    subject: ClassVar[str] = "identity.command.update_workspace"

    workspace_id: WorkspaceId
    label: str | None = None
    description: str | None = None


class DeleteWorkspace(Wish[WorkspaceRow]):
    """Delete a workspace; the answer is the workspace as it was before.

    Its bindings count no more at once; they, its invitations and its service accounts are cleared away after.
    Permission: workspace.config.delete on it. Rejected (deployments_exist) while a deployment lives in it.
    """

    subject: ClassVar[str] = "identity.command.delete_workspace"

    workspace_id: WorkspaceId


class DeploymentRole(Message):
    """A role on a deployment of the workspace."""

    deployment_id: DeploymentId
    role: Role


class AddWorkspaceUser(Wish[WorkspaceUser]):
    """Give a person a role in a workspace: a binding where the address is known, else an invitation.

    `groups`: ids of groups of this workspace; the strongest of their roles then stands in for `role`.
    `deployment_roles` come along, at most one a deployment. `bypass_invite` makes an unknown address an active person
    without a mail, who has to ask for a password. Permission: workspace.iam.update on it, and every permission of every
    role; with `bypass_invite` also system.user.invite. Rejected: invalid_role, duplicate_binding, user_already_invited.
    NotFound for a deployment that is not in the workspace.
    """

    subject: ClassVar[str] = "identity.command.add_workspace_user"

    workspace_id: WorkspaceId
    email: str
    role: Role = NEWCOMER
    groups: tuple[str, ...] = Field(default=(), max_length=MOST_NAMED)
    deployment_roles: tuple[DeploymentRole, ...] = Field(default=(), max_length=MOST_NAMED)
    bypass_invite: bool = False
    deployment_binding_ids: Annotated[tuple[BindingId, ...], Generated()] = Field(
        default_factory=lambda wish: tuple(new_binding_id() for _ in wish["deployment_roles"])
    )
    user_id: Annotated[UserId, Generated()] = Field(default_factory=new_user_id)
    invitation_id: Annotated[InvitationId, Generated()] = Field(default_factory=new_invitation_id)
    binding_id: Annotated[BindingId, Generated()] = Field(default_factory=new_binding_id)


class UpdateWorkspaceUserRole(Wish[WorkspaceUser]):
    """Change a person's role in a workspace, or that of their open invitation to it.

    Roles are compared as `interface` shows them. `create_missing`: a known person without either gets the role.
    Permission: workspace.iam.update on it, and every permission of `role`. Rejected: invalid_role. NotFound when the
    address has neither a binding nor an open invitation there.
    """

    subject: ClassVar[str] = "identity.command.update_workspace_user_role"

    workspace_id: WorkspaceId
    email: str
    role: Role
    create_missing: bool = False
    interface: Interface = Interface.GRAPHQL
    binding_id: Annotated[BindingId, Generated()] = Field(default_factory=new_binding_id)


class RemoveWorkspaceUser(Wish[WorkspaceUser]):
    """Take away all that a person holds in a workspace and on its deployments, and their open invitation to it.

    The person is named by id or by address. Permission: workspace.iam.update on it. NotFound when they hold nothing
    there.
    """

    subject: ClassVar[str] = "identity.command.remove_workspace_user"

    workspace_id: WorkspaceId
    user_id: str = ""
    email: str = Field(default="", repr=False)
