"""Who may see a deployment."""

from services.deployments.contract import DeploymentId, WorkspaceId
from shared.auth import Principal, PrincipalKind, deployment, workspace
from shared.errors import NotFound, Unauthenticated

_SEE_ALL = "system.deployments.get"
_SEE_ONE = "deployment.config.get"
_SEE_WORKSPACE = "workspace.deployments.get"


def sees(principal: Principal, deployment_id: DeploymentId, workspace_id: WorkspaceId) -> bool:
    """Say whether the principal may know of this deployment."""
    place = workspace(workspace_id)
    return (
        sees_all(principal)
        or principal.holds(_SEE_ONE, deployment(deployment_id), place)
        or principal.holds(_SEE_WORKSPACE, place)
    )


def sees_all(principal: Principal) -> bool:
    """Say whether the principal may know of every deployment."""
    return principal.holds(_SEE_ALL) or principal.holds(_SEE_ONE)


def seen_entities(principal: Principal) -> tuple[str, ...]:
    """Return the entities on which the principal holds what shows deployments: workspaces and single deployments."""
    shown = {
        grant.entity
        for grant in principal.grants
        if {_SEE_ONE, _SEE_WORKSPACE} & principal.permission_sets.get(grant.role, frozenset())
    }
    return tuple(sorted(shown))


def require_somebody(principal: Principal) -> None:
    """Raise Unauthenticated when nobody is known to be asking."""
    if principal.kind is PrincipalKind.ANONYMOUS:
        raise Unauthenticated("no valid credential was sent")


def require_sees(principal: Principal, deployment_id: DeploymentId, workspace_id: WorkspaceId) -> None:
    """Raise Unauthenticated when nobody asks, NotFound when the principal may not know of this deployment."""
    require_somebody(principal)
    if not sees(principal, deployment_id, workspace_id):
        raise NotFound("the deployment does not exist")
