"""The kinds of ids that the deployments service names."""

from typing import NewType

DeploymentId = NewType("DeploymentId", str)
WorkspaceId = NewType("WorkspaceId", str)

SERVICE = "deployments"
"""The name of the service on the bus and in `service:deployments`."""


def deployment_stream(deployment_id: str) -> str:
    """Return the stream of a deployment."""
    return f"deployment-{deployment_id}"


def workspace_stream(workspace_id: str) -> str:
    """Return the stream that every creation and deletion in a workspace appends to."""
    return f"workspace_deployments-{workspace_id}"
