"""Roles, and what they are bound to."""

from collections.abc import Sequence
from typing import Any, Final

from ariadne import ObjectType, QueryType

from services.gateway.context import Info
from services.gateway.resolvers.views import Binding
from services.identity.contract import Interface, RoleDefinitions, RoleRow, shown_role

query: Final = QueryType()
role_binding: Final = ObjectType("RoleBinding")
definition: Final = ObjectType("RoleDefinition")

BINDABLES: Final = [query, role_binding, definition]


@query.field("roles")
async def resolve_roles(_: object, info: Info) -> Sequence[RoleRow]:
    """Return the roles of this installation."""
    return (await info.context.ask(RoleDefinitions())).rows


@definition.field("assignable")
def resolve_assignable(row: RoleRow, _: Info) -> bool:
    """Say whether a role is bound to something, and has a name of its own here by which to give it."""
    return bool(row.scope) and shown_role(row.name, Interface.GRAPHQL) == row.name


@definition.field("shownAs")
def resolve_shown_as(row: RoleRow, _: Info) -> str | None:
    """Return the name that bindings with this role show."""
    return shown_role(row.name, Interface.GRAPHQL)


@role_binding.field("role")
def resolve_role(binding: Binding, _: Info) -> str | None:
    """Return the role by the name that this interface has for it."""
    return shown_role(binding.role, Interface.GRAPHQL)


@role_binding.field("user")
async def resolve_binding_user(binding: Binding, info: Info) -> Any:
    """Return the user that holds it."""
    if binding.user is not None or not binding.user_id:
        return binding.user
    return await info.context.loaders.users.load(binding.user_id)


@role_binding.field("team")
async def resolve_binding_team(binding: Binding, info: Info) -> Any:
    """Return the team that holds it."""
    return await info.context.loaders.teams.load(binding.team_id) if binding.team_id else None


@role_binding.field("workspace")
async def resolve_binding_workspace(binding: Binding, info: Info) -> Any:
    """Return the workspace that a binding is on."""
    id_ = binding.workspace_id
    return await info.context.loaders.workspaces.load(id_) if id_ else None


@role_binding.field("deployment")
async def resolve_binding_deployment(binding: Binding, info: Info) -> Any:
    """Return the deployment that a binding is on."""
    id_ = binding.deployment_id
    return await info.context.loaders.deployments.load(id_) if id_ else None
