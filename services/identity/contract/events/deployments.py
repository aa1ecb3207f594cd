"""The facts about where deployments are, as the deployments service has told them."""

from datetime import datetime
from typing import ClassVar, TypeAlias

from services.identity.contract.ids import DeploymentId, WorkspaceId
from shared.messages import Event


class DeploymentPlaced(Event):
    """A deployment lives in a workspace; roles can be bound to it."""

    type_name: ClassVar[str] = "deployment.placed"

    deployment_id: DeploymentId
    workspace_id: WorkspaceId
    placed_at: datetime


class DeploymentGone(Event):
    """A deployment lives no more; bindings and service accounts of it count no more."""

    type_name: ClassVar[str] = "deployment.gone"

    deployment_id: DeploymentId
    workspace_id: WorkspaceId
    gone_at: datetime


DeploymentEvent: TypeAlias = DeploymentPlaced | DeploymentGone
