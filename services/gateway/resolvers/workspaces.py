"""Workspaces with what lives in them, and the people in them."""

from typing import Any, Final

from ariadne import MutationType, ObjectType, QueryType

from services.deployments.contract import DeploymentRow
from services.gateway.context import Info
from services.gateway.paging import all_rows
from services.gateway.resolvers.arguments import checked, mapping, required, text_in
from services.gateway.resolvers.views import Binding, Invitation, binding_of_account, binding_of_member, invitation_of
from services.identity.contract import (
    AddWorkspaceUser,
    CreateWorkspace,
    DeleteWorkspace,
    Role,
    UpdateWorkspace,
    UpdateWorkspaceUserRole,
    UserRow,
    WorkspaceId,
    WorkspaceRow,
    Workspaces,
)
from shared.auth import workspace as entity_of
from shared.errors import Forbidden

query: Final = QueryType()
mutation: Final = MutationType()
workspace: Final = ObjectType("Workspace")

BINDABLES: Final = [query, mutation, workspace]

workspace.set_alias("uuid", "id")


@query.field("workspaces")
async def resolve_workspaces(
    _: object,
    info: Info,
    *,
    user_uuid: str | None = None,
    workspace_uuid: str | None = None,
    label: str | None = None,
) -> list[WorkspaceRow]:
    """Return the caller's workspaces, or those that the arguments name."""
    context = info.context
    ids = (WorkspaceId(workspace_uuid),) if workspace_uuid else None
    user_id = "" if ids else user_uuid or ""
    return await all_rows(
        lambda after: context.ask(Workspaces(ids=ids, user_id=user_id, label=label or "", after_id=after)),
        field="workspaces",
    )


@mutation.field("createWorkspace")
async def resolve_create(_: object, info: Info, *, label: str, description: str | None = None) -> WorkspaceRow:
    """Create a workspace."""
    with checked():
        command = CreateWorkspace(label=label, description=description or "")
    return await info.context.send(info, command)


@mutation.field("updateWorkspace")
async def resolve_update(_: object, info: Info, *, workspace_uuid: str, payload: Any) -> WorkspaceRow:
    """Change label or description."""
    wanted = mapping("payload", payload)
    with checked():
        command = UpdateWorkspace(
            workspace_id=WorkspaceId(required("workspaceUuid", workspace_uuid)),
            label=text_in(wanted, "label"),
            description=text_in(wanted, "description"),
        )
    return await info.context.send(info, command)


@mutation.field("deleteWorkspace")
async def resolve_delete(_: object, info: Info, *, workspace_uuid: str | None = None) -> WorkspaceRow:
    """Delete a workspace and return it as it was."""
    with checked():
        command = DeleteWorkspace(workspace_id=WorkspaceId(required("workspaceUuid", workspace_uuid)))
    return await info.context.send(info, command)


@mutation.field("workspaceAddUser")
async def resolve_add_user(
    _: object, info: Info, *, email: str, role: str, workspace_uuid: str | None = None
) -> WorkspaceRow:
    """Add a user, or invite an unknown address."""
    with checked():
        command = AddWorkspaceUser(
            workspace_id=WorkspaceId(required("workspaceUuid", workspace_uuid)),
            email=required("email", email),
            role=Role(role),
        )
    return (await info.context.send(info, command)).workspace


@mutation.field("workspaceUpdateUserRole")
async def resolve_update_user_role(_: object, info: Info, *, workspace_uuid: str, email: str, role: str) -> str:
    """Change a member's role, or that of an open invitation, and return it."""
    with checked():
        command = UpdateWorkspaceUserRole(
            workspace_id=WorkspaceId(required("workspaceUuid", workspace_uuid)),
            email=required("email", email),
            role=Role(role),
        )
    await info.context.send(info, command)
    return role


@workspace.field("active")
def resolve_active(_: WorkspaceRow, _info: Info) -> bool:
    """Return true: a workspace is active from its creation on."""
    return True


@workspace.field("users")
async def resolve_users(row: WorkspaceRow, info: Info) -> list[UserRow]:
    """Return the members."""
    members = await info.context.loaders.members.load(row.id)
    return list({member.user.id: member.user for member in members}.values())


@workspace.field("roleBindings")
async def resolve_role_bindings(row: WorkspaceRow, info: Info) -> list[Binding]:
    """Return the bindings of members and of service accounts."""
    loaders = info.context.loaders
    asked = loaders.members.load(row.id), loaders.service_accounts.load(entity_of(row.id))
    members, accounts = await asked[0], await asked[1]
    return [*map(binding_of_member, members), *map(binding_of_account, accounts)]


@workspace.field("invites")
async def resolve_invites(row: WorkspaceRow, info: Info) -> list[Invitation]:
    """Return the open invitations; none for those who may not see them, so that the workspace itself is shown."""
    try:
        found = await info.context.loaders.workspace_invites.load(row.id)
    except Forbidden:
        return []
    return [invitation_of(invite) for invite in found]


@workspace.field("deployments")
async def resolve_deployments(row: WorkspaceRow, info: Info) -> list[DeploymentRow]:
    """Return the live deployments."""
    return await info.context.loaders.workspace_deployments.load(row.id)


@workspace.field("deploymentCount")
async def resolve_deployment_count(row: WorkspaceRow, info: Info) -> int:
    """Return how many live deployments there are."""
    return len(await info.context.loaders.workspace_deployments.load(row.id))
