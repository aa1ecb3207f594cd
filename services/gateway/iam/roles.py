"""The names of roles in the REST interface, and the stored roles behind them. Source: iam.md, section 6."""

from collections.abc import Iterable
from typing import Final

from services.gateway.iam.models import (
    DeploymentRole,
    OrganizationRole,
    ShownDeploymentRole,
    ShownWorkspaceRole,
    SubjectRoles,
    WorkspaceRole,
)
from services.gateway.iam.refusals import invalid
from services.identity.contract import DEFINITIONS, GivenRole, Interface, Role, entity_id, entity_kind, shown_role
from services.identity.contract.rows import BindingRow
from shared import auth
from shared.auth import SYSTEM

UNSAID: Final = OrganizationRole.MEMBER
"""What a team without a role in the organization is shown with, as it always shows one."""


def stored(name: str) -> Role:
    """Return the role behind a name; of several that are shown alike, the one of that name."""
    named = [role for role, definition in DEFINITIONS.items() if definition.rest == name]
    return next((role for role in named if role.value == name), named[-1])


def given_roles(
    organization: OrganizationRole, workspaces: Iterable[WorkspaceRole], deployments: Iterable[DeploymentRole]
) -> tuple[GivenRole, ...]:
    """Return the roles of a request; raise Refused where an entity stands twice."""
    given = [
        GivenRole(entity=SYSTEM, role=stored(organization)),
        *(GivenRole(entity=auth.workspace(each.workspace_id), role=stored(each.role)) for each in workspaces),
        *(GivenRole(entity=auth.deployment(each.deployment_id), role=stored(each.role)) for each in deployments),
    ]
    seen: set[str] = set()
    for each in given:
        if each.entity in seen:
            raise invalid(f"{entity_kind(each.entity)} {entity_id(each.entity)} has more than one role")
        seen.add(each.entity)
    return tuple(given)


def shown_roles(bindings: Iterable[BindingRow]) -> SubjectRoles:
    """Return the roles that this interface has names for, those of a kind by rising id of the entity."""
    organization: str | None = None
    workspaces: list[ShownWorkspaceRole] = []
    deployments: list[ShownDeploymentRole] = []
    for bound in sorted(bindings, key=lambda bound: bound.entity):
        name, id_ = shown_role(bound.role, Interface.REST), entity_id(bound.entity)
        if name is None:
            continue
        match entity_kind(bound.entity):
            case "workspace":
                workspaces.append(ShownWorkspaceRole(workspace_id=id_, role=name))
            case "deployment":
                deployments.append(ShownDeploymentRole(deployment_id=id_, role=name))
            case _:
                organization = name
    return SubjectRoles(
        organization_role=organization,
        workspace_roles=tuple(workspaces) or None,
        deployment_roles=tuple(deployments) or None,
    )
