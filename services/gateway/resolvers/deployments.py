"""Deployments."""

from typing import Any, Final

from ariadne import MutationType, ObjectType, QueryType

from services.deployments.contract import (
    CreateDeployment,
    DeleteDeployment,
    DeploymentId,
    DeploymentRow,
    Deployments,
    Executor,
    WorkspaceId,
)
from services.gateway.context import Info
from services.gateway.paging import all_rows
from services.gateway.resolvers.arguments import checked, mapping, required

query: Final = QueryType()
mutation: Final = MutationType()
deployment: Final = ObjectType("Deployment")

BINDABLES: Final = [query, mutation, deployment]

deployment.set_alias("uuid", "id")


@query.field("deployments")
async def resolve_deployments(
    _: object,
    info: Info,
    *,
    deployment_uuid: str | None = None,
    workspace_uuid: str | None = None,
    release_name: str | None = None,
) -> list[DeploymentRow]:
    """Return deployments by the first argument that is given, or all that the caller may see."""
    wanted: dict[str, Any] = {}
    if deployment_uuid:
        wanted = {"ids": (DeploymentId(deployment_uuid),), "strict": True}
    elif workspace_uuid:
        wanted = {"workspace_ids": (WorkspaceId(workspace_uuid),), "strict": True}
    elif release_name:
        wanted = {"release_name": release_name}
    context = info.context
    return await all_rows(lambda after: context.ask(Deployments(**wanted, after_id=after)), field="deployments")


@mutation.field("createDeployment")
async def resolve_create(_: object, info: Info, **sent: Any) -> DeploymentRow:
    """Create a deployment."""
    executor = sent.get("executor")
    with checked():
        command = CreateDeployment(
            workspace_id=WorkspaceId(required("workspaceUuid", sent.get("workspace_uuid"))),
            label=sent["label"],
            type=sent.get("type") or "airflow",
            description=sent.get("description") or "",
            version=sent.get("version") or "",
            airflow_version=sent.get("airflow_version") or "",
            executor=Executor(executor) if executor else None,
            config=mapping("config", sent.get("config")),
            properties=mapping("properties", sent.get("properties")),
        )
    return await info.context.send(info, command)


@mutation.field("deleteDeployment")
async def resolve_delete(
    _: object,
    info: Info,
    *,
    deployment_uuid: str | None = None,
    deployment_hard_delete: bool | None = None,
) -> DeploymentRow:
    """Delete a deployment and return it as it was."""
    with checked():
        command = DeleteDeployment(
            deployment_id=DeploymentId(required("deploymentUuid", deployment_uuid)), hard=bool(deployment_hard_delete)
        )
    return await info.context.send(info, command)


@deployment.field("workspace")
async def resolve_workspace(row: DeploymentRow, info: Info) -> Any:
    """Return the workspace that it lives in."""
    return await info.context.loaders.workspaces.load(row.workspace_id)
