"""The people in a workspace and on a deployment."""

from typing import Any, Final

from ariadne import MutationType, QueryType

from services.gateway.context import Info
from services.gateway.paging import LAST_ID, all_rows, page_size, rows_after, rows_before
from services.gateway.resolvers.arguments import checked, deployment_role, person_filter, required
from services.gateway.resolvers.users import ROLES
from services.gateway.resolvers.views import Binding, binding_of_user
from services.gateway.selection import selects
from services.identity.contract import (
    AddWorkspaceUser,
    BindMode,
    BindUser,
    Bound,
    Holders,
    RemoveWorkspaceUser,
    Role,
    UnbindUser,
    UpdateWorkspaceUserRole,
    UserRow,
    WorkspaceId,
    WorkspaceRow,
)
from shared import auth
from shared.errors import Invalid, NotFound

query: Final = QueryType()
mutation: Final = MutationType()

BINDABLES: Final = [query, mutation]


@query.field("workspaceUsers")
async def resolve_workspace_users(
    _: object, info: Info, *, workspace_uuid: str, email: str | None = None, full_name: str | None = None
) -> list[UserRow]:
    """Return the members of a workspace."""
    place = auth.workspace(required("workspaceUuid", workspace_uuid))
    question = Holders(entity=place, email=email or "", full_name=full_name or "")
    return await _holders(info, question, "workspaceUsers")


@query.field("paginatedWorkspaceUsers")
async def resolve_page_of_workspace_users(
    _: object, info: Info, *, workspace_uuid: str, cursor: str | None = None, take: int | None = None
) -> list[UserRow]:
    """Return the members after the cursor or, where `take` is negative, right before it."""
    context, size = info.context, page_size(take)
    place = auth.workspace(required("workspaceUuid", workspace_uuid))
    wanted = Holders(entity=place, with_roles=selects(info, ROLES))
    if size > 0:
        return await rows_after(
            lambda id_, limit: context.ask(wanted.model_copy(update={"after_id": id_, "limit": limit})),
            cursor=cursor or "",
            take=size,
        )
    return await rows_before(
        lambda id_, limit: context.ask(wanted.model_copy(update={"before_id": id_, "limit": limit})),
        cursor=cursor or LAST_ID,
        take=-size,
    )


@query.field("workspaceUser")
async def resolve_workspace_user(
    _: object, info: Info, *, workspace_uuid: str, username: str | None = None, user: Any = None
) -> UserRow:
    """Return one member."""
    wanted: dict[str, Any] = {"username": username} if username else person_filter(user)
    if not wanted:
        required("username")
    with checked():
        question = Holders(entity=auth.workspace(required("workspaceUuid", workspace_uuid)), limit=1, **wanted)
    found = (await info.context.ask(question)).rows
    if not found:
        raise NotFound("nobody like this is in the workspace")
    return found[0]


@query.field("deploymentUsers")
async def resolve_deployment_users(_: object, info: Info, *, deployment_id: str, user: Any = None) -> list[UserRow]:
    """Return who holds a role on a deployment or in its workspace, with what that comes to on the deployment."""
    with checked():
        question = Holders(entity=auth.deployment(required("deploymentId", deployment_id)), **person_filter(user))
    return await _holders(info, question, "deploymentUsers")


@mutation.field("workspaceAddUser")
async def resolve_add(_: object, info: Info, *, email: str, role: str, **sent: Any) -> WorkspaceRow:
    """Add a user, or invite an unknown address."""
    groups = (each.strip() for each in (sent.get("group_uuids") or "").split(","))
    with checked():
        command = AddWorkspaceUser(
            workspace_id=WorkspaceId(required("workspaceUuid", sent.get("workspace_uuid"))),
            email=required("email", email),
            role=Role(role),
            groups=tuple(each for each in groups if each),
            deployment_roles=tuple(map(deployment_role, sent.get("deployment_roles") or ())),
            bypass_invite=bool(sent.get("bypass_invite")),
        )
    return (await info.context.send(info, command)).workspace


@mutation.field("workspaceRemoveUser")
async def resolve_remove(
    _: object, info: Info, *, workspace_uuid: str, user_uuid: str | None = None, email: str | None = None
) -> WorkspaceRow:
    """Take away all that a user holds in a workspace and on its deployments."""
    if user_uuid and email:
        raise Invalid("Cannot process request with both a userUuid & email")
    if not user_uuid and not email:
        raise Invalid("Either userUuid or email is required")
    with checked():
        command = RemoveWorkspaceUser(
            workspace_id=WorkspaceId(required("workspaceUuid", workspace_uuid)),
            user_id=user_uuid or "",
            email=email or "",
        )
    return (await info.context.send(info, command)).workspace


@mutation.field("workspaceUpdateUserRole")
async def resolve_update_role(_: object, info: Info, *, workspace_uuid: str, email: str, role: str) -> str:
    """Change a member's role, or that of an open invitation, and return it."""
    await info.context.send(info, _role_change(workspace_uuid, email, role))
    return role


@mutation.field("workspaceUpsertUserRole")
async def resolve_upsert_role(_: object, info: Info, *, workspace_uuid: str, email: str, role: str) -> str:
    """Change a member's role, or give one to a user without, and return it."""
    change = _role_change(workspace_uuid, email, role)
    await info.context.send(info, change.model_copy(update={"create_missing": True}))
    return role


@mutation.field("deploymentAddUserRole")
async def resolve_add_on_deployment(_: object, info: Info, **sent: Any) -> Binding:
    """Give a user a role on a deployment."""
    return _shown(await info.context.send(info, _on_deployment(sent, BindMode.ADD)))


@mutation.field("deploymentUpdateUserRole")
async def resolve_update_on_deployment(_: object, info: Info, **sent: Any) -> Binding:
    """Change a user's role on a deployment."""
    return _shown(await info.context.send(info, _on_deployment(sent, BindMode.CHANGE)))


@mutation.field("deploymentRemoveUserRole")
async def resolve_remove_from_deployment(
    _: object, info: Info, *, email: str, deployment_id: str, user_id: str | None = None
) -> Binding:
    """Take a user's role on a deployment away, and return it as it was."""
    with checked():
        command = UnbindUser(
            entity=auth.deployment(required("deploymentId", deployment_id)), user_id=user_id or "", email=email
        )
        required("email", user_id, email)
    return _shown(await info.context.send(info, command))


@mutation.field("createSystemRoleBinding")
async def resolve_bind_to_system(_: object, info: Info, *, user_id: str, role: str) -> Binding:
    """Give a user a role on the system, in place of another one there."""
    with checked():
        command = BindUser(
            entity=auth.SYSTEM, role=Role(role), user_id=required("userId", user_id), mode=BindMode.REPLACE
        )
    return _shown(await info.context.send(info, command))


@mutation.field("deleteSystemRoleBinding")
async def resolve_unbind_from_system(_: object, info: Info, *, user_id: str) -> Binding:
    """Take a user's role on the system away, and return it as it was."""
    with checked():
        command = UnbindUser(entity=auth.SYSTEM, user_id=required("userId", user_id))
    return _shown(await info.context.send(info, command))


async def _holders(info: Info, wanted: Holders, field: str) -> list[UserRow]:
    context, with_roles = info.context, selects(info, ROLES)
    return await all_rows(
        lambda after: context.ask(wanted.model_copy(update={"after_id": after, "with_roles": with_roles})), field=field
    )


def _role_change(workspace_uuid: str, email: str, role: str) -> UpdateWorkspaceUserRole:
    with checked():
        return UpdateWorkspaceUserRole(
            workspace_id=WorkspaceId(required("workspaceUuid", workspace_uuid)),
            email=required("email", email),
            role=Role(role),
        )


def _on_deployment(sent: dict[str, Any], mode: BindMode) -> BindUser:
    user_id, email = sent.get("user_id") or "", sent["email"]
    required("email", user_id, email)
    with checked():
        return BindUser(
            entity=auth.deployment(required("deploymentId", sent["deployment_id"])),
            role=Role(sent["role"]),
            user_id=user_id,
            email=email,
            mode=mode,
        )


def _shown(bound: Bound) -> Binding:
    if bound.binding is None:
        raise NotFound("there is no such role binding")
    return binding_of_user(bound.binding, bound.user)
