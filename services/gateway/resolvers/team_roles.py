"""The roles of teams on the system, workspaces and deployments."""

from collections.abc import Sequence
from typing import Any, Final

from ariadne import MutationType

from services.gateway.context import Info
from services.gateway.resolvers.arguments import checked, deployment_role, required
from services.gateway.resolvers.views import Binding, binding_of_team
from services.identity.contract import (
    BindMode,
    DeploymentRole,
    RemoveTeamRole,
    Role,
    SetTeamRole,
    TeamId,
    TeamRole,
    WorkspaceRow,
)
from shared import auth

mutation: Final = MutationType()

BINDABLES: Final = [mutation]


@mutation.field("workspaceAddTeam")
async def resolve_add(
    _: object, info: Info, *, workspace_uuid: str, team_uuid: str, role: str, deployment_roles: Any = None
) -> WorkspaceRow | None:
    """Give a team a role in a workspace, and roles on deployments there."""
    with checked():
        along = tuple(map(deployment_role, deployment_roles or ()))
    command = _setting(team_uuid, _workspace(workspace_uuid), role, BindMode.ADD, along)
    return (await info.context.send(info, command)).workspace


@mutation.field("workspaceUpdateTeamRole")
async def resolve_update(_: object, info: Info, *, workspace_uuid: str, team_uuid: str, role: str) -> str:
    """Change a team's role in a workspace and return it."""
    await info.context.send(info, _setting(team_uuid, _workspace(workspace_uuid), role, BindMode.CHANGE))
    return role


@mutation.field("workspaceRemoveTeam")
async def resolve_remove(_: object, info: Info, *, workspace_uuid: str, team_uuid: str) -> WorkspaceRow | None:
    """Take away all that a team holds in a workspace and on its deployments."""
    return (await info.context.send(info, _removal(team_uuid, _workspace(workspace_uuid)))).workspace


@mutation.field("deploymentAddTeamRole")
async def resolve_add_on_deployment(
    _: object, info: Info, *, team_uuid: str, deployment_uuid: str, role: str
) -> Binding:
    """Give a team a role on a deployment."""
    command = _setting(team_uuid, _deployment(deployment_uuid), role, BindMode.ADD)
    return _shown(await info.context.send(info, command))


@mutation.field("deploymentUpdateTeamRole")
async def resolve_update_on_deployment(
    _: object, info: Info, *, team_uuid: str, deployment_uuid: str, role: str
) -> Binding:
    """Change a team's role on a deployment."""
    command = _setting(team_uuid, _deployment(deployment_uuid), role, BindMode.CHANGE)
    return _shown(await info.context.send(info, command))


@mutation.field("deploymentRemoveTeamRole")
async def resolve_remove_from_deployment(_: object, info: Info, *, team_uuid: str, deployment_uuid: str) -> Binding:
    """Take a team's role on a deployment away, and return it as it was."""
    return _shown(await info.context.send(info, _removal(team_uuid, _deployment(deployment_uuid))))


@mutation.field("createTeamSystemRoleBinding")
async def resolve_bind_to_system(_: object, info: Info, *, team_uuid: str, role: str) -> Binding:
    """Give a team a role on the system, in place of another one there."""
    return _shown(await info.context.send(info, _setting(team_uuid, auth.SYSTEM, role, BindMode.REPLACE)))


@mutation.field("deleteTeamSystemRoleBinding")
async def resolve_unbind_from_system(_: object, info: Info, *, team_uuid: str, role: str) -> Binding:
    """Take a team's role on the system away, and return it as it was."""
    return _shown(await info.context.send(info, _removal(team_uuid, auth.SYSTEM, role)))


def _setting(
    team_uuid: str, entity: str, role: str, mode: BindMode, deployment_roles: Sequence[DeploymentRole] = ()
) -> SetTeamRole:
    with checked():
        return SetTeamRole(
            team_id=TeamId(required("teamUuid", team_uuid)),
            entity=entity,
            role=Role(role),
            deployment_roles=tuple(deployment_roles),
            mode=mode,
        )


def _removal(team_uuid: str, entity: str, role: str | None = None) -> RemoveTeamRole:
    with checked():
        return RemoveTeamRole(
            team_id=TeamId(required("teamUuid", team_uuid)), entity=entity, role=Role(role) if role else None
        )


def _workspace(id_: str) -> str:
    return auth.workspace(required("workspaceUuid", id_))


def _deployment(id_: str) -> str:
    return auth.deployment(required("deploymentUuid", id_))


def _shown(answer: TeamRole) -> Binding:
    return binding_of_team(answer.binding, answer.binding.team_id)
