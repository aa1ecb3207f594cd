"""Adoption of what a cluster runs already: asked for by later clients, and refused."""

from typing import Any, Final

from ariadne import MutationType

from services.deployments.contract import AdoptDeployment, DeploymentId, DeploymentRow, UnadoptDeployment, WorkspaceId
from services.gateway.context import Info
from services.gateway.resolvers.arguments import checked, required

mutation: Final = MutationType()

BINDABLES: Final = [mutation]


@mutation.field("adoptDeployment")
async def resolve_adopt(_: object, info: Info, *, workspace_uuid: str, **__: Any) -> DeploymentRow:
    """Ask for an adoption, which whoever may create a deployment is told why they don't get."""
    with checked():
        command = AdoptDeployment(workspace_id=WorkspaceId(required("workspaceUuid", workspace_uuid)))
    return await info.context.send(info, command)


@mutation.field("unadoptDeployment")
async def resolve_unadopt(_: object, info: Info, *, deployment_uuid: str) -> DeploymentRow:
    """Ask that an adopted deployment be given back, of which there is none."""
    with checked():
        command = UnadoptDeployment(deployment_id=DeploymentId(required("deploymentUuid", deployment_uuid)))
    return await info.context.send(info, command)
