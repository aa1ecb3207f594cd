"""The kinds of ids that the deployments service names."""

from typing import Final

from services.identity.contract import DeploymentId, WorkspaceId

__all__ = ["SERVICE", "DeploymentId", "WorkspaceId", "deployment_stream", "workspace_stream"]

SERVICE: Final = "deployments"
"""The name of the service on the bus and in `service:deployments`."""


def deployment_stream(deployment_id: str) -> str:
    """Return the stream of a deployment."""
    return f"deployment-{deployment_id}"


def workspace_stream(workspace_id: str) -> str:
    """Return the stream that every creation and deletion in a workspace appends to."""
    return f"workspace_deployments-{workspace_id}"
