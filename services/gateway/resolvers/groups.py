"""The groups of 2018: views over role bindings."""

from collections.abc import Sequence
from typing import Any, Final

from ariadne import MutationType, ObjectType, QueryType

from services.gateway.context import Info
from services.gateway.paging import all_rows
from services.gateway.resolvers.arguments import checked, required
from services.gateway.resolvers.users import ROLES
from services.gateway.selection import selects
from services.identity.contract import (
    AddGroupUser,
    GroupRow,
    Groups,
    Holders,
    Interface,
    RemoveGroupUser,
    UserId,
    UserRow,
    entity_id,
    entity_kind,
    shown_role,
    shows_as,
)
from shared import auth
from shared.errors import Forbidden

query: Final = QueryType()
mutation: Final = MutationType()
group: Final = ObjectType("Group")

BINDABLES: Final = [query, mutation, group]

group.set_alias("uuid", "id")


@query.field("groups")
async def resolve_groups(
    _: object,
    info: Info,
    *,
    group_uuid: str | None = None,
    workspace_uuid: str | None = None,
    entity_type: str | None = None,
    entity_uuid: str | None = None,
) -> Sequence[GroupRow]:
    """Return the groups of the system, the one that is named, or those of a workspace."""
    kind = (entity_type or "workspace").lower()
    if group_uuid and kind != auth.SYSTEM:
        return (await info.context.ask(Groups(ids=(group_uuid,)))).rows
    entity = auth.SYSTEM if kind == auth.SYSTEM else f"{kind}:{required('groupUuid', workspace_uuid, entity_uuid)}"
    found = await info.context.ask(Groups(entities=(entity,)))
    if found.forbidden:
        raise Forbidden("the groups of this entity may not be seen")
    return found.rows


@mutation.field("groupAddUser")
async def resolve_add(
    _: object, info: Info, *, group_uuid: str | None = None, user_uuid: str | None = None
) -> GroupRow:
    """Give a user the role of a group."""
    with checked():
        command = AddGroupUser(
            group_id=required("groupUuid", group_uuid), user_id=UserId(required("userUuid", user_uuid))
        )
    return await info.context.send(info, command)


@mutation.field("groupRemoveUser")
async def resolve_remove(
    _: object, info: Info, *, group_uuid: str | None = None, user_uuid: str | None = None
) -> GroupRow:
    """Take the role of a group away from a user who holds it."""
    with checked():
        command = RemoveGroupUser(
            group_id=required("groupUuid", group_uuid), user_id=UserId(required("userUuid", user_uuid))
        )
    return await info.context.send(info, command)


@group.field("users")
async def resolve_users(row: GroupRow, info: Info) -> list[UserRow]:
    """Return who is in the group; those of all groups of a workspace come with one message."""
    context = info.context
    if row.workspace_id:
        members = await context.loaders.members.load(row.workspace_id)
        return [member.user for member in members if shows_as(member.role, row.role, Interface.GRAPHQL)]
    wanted = Holders(group_id=row.id, with_roles=selects(info, ROLES))
    return await all_rows(lambda after: context.ask(wanted.model_copy(update={"after_id": after})), field="users")


@group.field("workspace")
async def resolve_workspace(row: GroupRow, info: Info) -> Any:
    """Return the workspace of a group."""
    return await info.context.loaders.workspaces.load(row.workspace_id) if row.workspace_id else None


@group.field("role")
def resolve_role(row: GroupRow, _: Info) -> str | None:
    """Return the role that its members hold."""
    return shown_role(row.role, Interface.GRAPHQL)


@group.field("entityType")
def resolve_entity_type(row: GroupRow, _: Info) -> str:
    """Return the kind of what the role is held on."""
    return entity_kind(row.entity).upper()


@group.field("entityUuid")
def resolve_entity_uuid(row: GroupRow, _: Info) -> str | None:
    """Return the id of what the role is held on, null for the system."""
    return entity_id(row.entity) or None


@group.field("custom")
def resolve_custom(_: GroupRow, _info: Info) -> bool:
    """Return false: groups follow from the table of roles."""
    return False


@group.field("active")
def resolve_active(_: GroupRow, _info: Info) -> bool:
    """Return true: a group is there as long as what it is of."""
    return True
