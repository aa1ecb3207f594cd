"""Workspaces with what lives in them."""

from collections.abc import Awaitable
from typing import Any, Final

from ariadne import MutationType, ObjectType, QueryType

from services.deployments.contract import DeploymentRow
from services.gateway.context import Info
from services.gateway.paging import all_rows, page_size, rows_after
from services.gateway.resolvers.arguments import checked, mapping, required, text_in
from services.gateway.resolvers.views import (
    Binding,
    Invitation,
    binding_of_account,
    binding_of_member,
    binding_of_team,
    invitation_of,
    shown,
)
from services.identity.contract import (
    CreateWorkspace,
    DeleteWorkspace,
    GroupRow,
    UpdateWorkspace,
    UserRow,
    WorkspaceId,
    WorkspaceList,
    WorkspaceRow,
    Workspaces,
)
from shared.auth import workspace as entity_of
from shared.errors import Forbidden, Invalid, NotFound

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


@query.field("workspace")
async def resolve_workspace(_: object, info: Info, *, workspace_uuid: str) -> WorkspaceRow:
    """Return one workspace."""
    id_ = WorkspaceId(required("workspaceUuid", workspace_uuid))
    found = (await info.context.ask(Workspaces(ids=(id_,)))).rows
    if not found:
        raise NotFound("there is no such workspace")
    return found[0]


@query.field("paginatedWorkspaces")
async def resolve_page_of_workspaces(
    _: object, info: Info, *, take: int | None = None, page_number: int | None = None
) -> list[WorkspaceRow]:
    """Return a page of the caller's workspaces; pages are counted from 0."""
    context, size = info.context, page_size(take)
    if size < 0:
        raise Invalid("workspaces are paged forwards")
    with checked(skip="pageNumber"):
        first = Workspaces(skip=size * (page_number or 0))

    def page(after: str, limit: int) -> Awaitable[WorkspaceList]:
        skip = 0 if after else first.skip
        return context.ask(first.model_copy(update={"after_id": after, "limit": limit, "skip": skip}))

    return await rows_after(page, cursor="", take=size)


@mutation.field("createWorkspace")
async def resolve_create(_: object, info: Info, *, label: str, description: str | None = None) -> WorkspaceRow:
    """Create a workspace."""
    with checked():
        command = CreateWorkspace(label=label, description=description or "")
    return await info.context.send(info, command)


@mutation.field("updateWorkspace")
async def resolve_update(_: object, info: Info, *, workspace_uuid: str, payload: Any) -> WorkspaceRow:
    """Change label or description; other members of the payload are ignored, as houston.md says in section 2.4."""
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
    """Return the bindings of members, of service accounts and of teams."""
    loaders, entity = info.context.loaders, entity_of(row.id)
    asked = loaders.members.load(row.id), loaders.service_accounts.load(entity), loaders.teams_on.load(entity)
    members, accounts, teams = await asked[0], await asked[1], await asked[2]
    return shown(
        [
            *map(binding_of_member, members),
            *map(binding_of_account, accounts),
            *(binding_of_team(each, each.team_id) for each in teams),
        ]
    )


@workspace.field("invites")
async def resolve_invites(row: WorkspaceRow, info: Info) -> list[Invitation]:
    """Return the open invitations; none for those who may not see them, so that the workspace itself is shown."""
    try:
        found = await info.context.loaders.workspace_invites.load(row.id)
    except Forbidden:
        return []
    return [invitation_of(invite) for invite in found]


@workspace.field("groups")
async def resolve_groups(row: WorkspaceRow, info: Info) -> list[GroupRow]:
    """Return the groups of its members."""
    return await info.context.loaders.groups.load(entity_of(row.id))


@workspace.field("workspaceCapabilities")
async def resolve_capabilities(row: WorkspaceRow, info: Info) -> dict[str, bool]:
    """Return what the caller may do here."""
    caller = await info.context.holder()
    return {
        "can_update_billing": caller.holds("workspace.billing.update", entity_of(row.id)),
        "can_update_iam": caller.holds("workspace.iam.update", entity_of(row.id)),
    }


@workspace.field("properties")
def resolve_properties(_: WorkspaceRow, _info: Info) -> dict[str, str]:
    """Return nothing: a workspace has none."""
    return {}


@workspace.field("billingEnabled")
@workspace.field("paywallEnabled")
def resolve_billing(_: WorkspaceRow, _info: Info) -> bool:
    """Return false: nobody is billed."""
    return False


@workspace.field("stripeCustomerId")
@workspace.field("trialEndsAt")
def resolve_no_customer(_: WorkspaceRow, _info: Info) -> None:
    """Return null: there are no customers and no trials."""


@workspace.field("deployments")
async def resolve_deployments(row: WorkspaceRow, info: Info) -> list[DeploymentRow]:
    """Return the live deployments."""
    return await info.context.loaders.workspace_deployments.load(row.id)


@workspace.field("deploymentCount")
async def resolve_deployment_count(row: WorkspaceRow, info: Info) -> int:
    """Return how many live deployments there are."""
    return len(await info.context.loaders.workspace_deployments.load(row.id))
