"""The one table of roles: what each may do, where it can be held, and what it includes."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from shared.auth import SYSTEM


class Role(StrEnum):
    """The stored form of every role; USER is held by everybody and bound to nobody."""

    SYSTEM_ADMIN = "SYSTEM_ADMIN"
    SYSTEM_EDITOR = "SYSTEM_EDITOR"
    SYSTEM_VIEWER = "SYSTEM_VIEWER"
    WORKSPACE_ADMIN = "WORKSPACE_ADMIN"
    WORKSPACE_EDITOR = "WORKSPACE_EDITOR"
    WORKSPACE_VIEWER = "WORKSPACE_VIEWER"
    DEPLOYMENT_ADMIN = "DEPLOYMENT_ADMIN"
    DEPLOYMENT_EDITOR = "DEPLOYMENT_EDITOR"
    DEPLOYMENT_VIEWER = "DEPLOYMENT_VIEWER"
    USER = "USER"


def _named(scope: str, *actions: str) -> frozenset[str]:
    return frozenset(f"{scope}.{action}" for action in actions)


_ADDED: Final[Mapping[Role, frozenset[str]]] = {
    Role.USER: _named("system", "workspace.create"),
    Role.DEPLOYMENT_VIEWER: _named(
        "deployment",
        "airflow.get",
        "config.get",
        "images.pull",
        "logs.get",
        "metrics.get",
        "serviceAccounts.get",
        "teams.get",
        "users.get",
        "variables.get",
    ),
    Role.DEPLOYMENT_EDITOR: _named(
        "deployment",
        "airflow.user",
        "config.update",
        "images.push",
        "serviceAccounts.create",
        "serviceAccounts.delete",
        "serviceAccounts.update",
        "variables.update",
    ),
    Role.DEPLOYMENT_ADMIN: _named(
        "deployment", "airflow.admin", "config.delete", "teamRoles.update", "userRoles.update"
    ),
    Role.WORKSPACE_VIEWER: _named(
        "workspace", "config.get", "deployments.get", "serviceAccounts.get", "teams.get", "users.get"
    ),
    Role.WORKSPACE_EDITOR: _named(
        "workspace",
        "config.update",
        "deployments.create",
        "serviceAccounts.create",
        "serviceAccounts.delete",
        "serviceAccounts.update",
    ),
    Role.WORKSPACE_ADMIN: _named("workspace", "billing.update", "config.delete", "iam.update", "invites.get"),
    Role.SYSTEM_VIEWER: _named(
        "system",
        "airflow.get",
        "deployments.get",
        "deployments.logs",
        "deployments.metrics",
        "invite.get",
        "monitoring.get",
        "serviceAccounts.get",
        "teams.get",
        "users.get",
        "workspace.get",
    ),
    Role.SYSTEM_EDITOR: _named("system", "airflow.user", "registryBaseImages.push", "serviceAccounts.update"),
    Role.SYSTEM_ADMIN: _named(
        "system",
        "airflow.admin",
        "deployments.delete",
        "deployments.update",
        "iam.update",
        "serviceAccounts.create",
        "serviceAccounts.delete",
        "teams.create",
        "teams.delete",
        "teams.update",
        "user.delete",
        "user.invite",
        "user.verifyEmail",
        "workspace.addCustomerId",
        "workspace.delete",
        "workspace.extendTrial",
        "workspace.suspend",
        "workspace.update",
    ),
}
"""What each role adds to those that it includes.

Source: houston.md, section 4.2, with the additions and the moves to SYSTEM_VIEWER of section 4.3.
"""

_INCLUDED: Final[Mapping[Role, tuple[Role, ...]]] = {
    Role.DEPLOYMENT_EDITOR: (Role.DEPLOYMENT_VIEWER,),
    Role.DEPLOYMENT_ADMIN: (Role.DEPLOYMENT_EDITOR,),
    Role.WORKSPACE_VIEWER: (Role.DEPLOYMENT_VIEWER,),
    Role.WORKSPACE_EDITOR: (Role.WORKSPACE_VIEWER, Role.DEPLOYMENT_EDITOR),
    Role.WORKSPACE_ADMIN: (Role.WORKSPACE_EDITOR, Role.DEPLOYMENT_ADMIN),
    Role.SYSTEM_VIEWER: (Role.WORKSPACE_VIEWER,),
    Role.SYSTEM_EDITOR: (Role.SYSTEM_VIEWER, Role.WORKSPACE_EDITOR),
    Role.SYSTEM_ADMIN: (Role.SYSTEM_EDITOR, Role.WORKSPACE_ADMIN),
}
"""The cascade: each rank includes the one below it, and the same rank of the narrower entity.

Source: houston.md, section 4.3.
"""


def _permissions(role: Role) -> frozenset[str]:
    return _ADDED[role].union(*(_permissions(included) for included in _INCLUDED.get(role, ())))


ROLE_PERMISSIONS: Final[Mapping[Role, frozenset[str]]] = {role: _permissions(role) for role in Role}
"""Every role with all that it may do: `scope.entity.action` strings."""

DEFAULT_ROLE: Final[Mapping[str, Role]] = {
    "system": Role.SYSTEM_ADMIN,
    "workspace": Role.WORKSPACE_ADMIN,
    "deployment": Role.DEPLOYMENT_ADMIN,
}
"""The role of a service account whose maker names none, by the kind of its entity."""


def permission_sets(roles: Iterable[Role]) -> dict[str, frozenset[str]]:
    """Return each of `roles` with its permissions, in the form that a principal carries."""
    return {role.value: ROLE_PERMISSIONS[role] for role in roles}


def entity_kind(entity: str) -> str:
    """Return the kind of an entity: `system`, `workspace` or `deployment`."""
    return entity.partition(":")[0]


def fits(role: Role, entity: str) -> bool:
    """Say whether `role` can be bound to `entity`: SYSTEM_… to the system, WORKSPACE_… to a workspace and so on."""
    return role.value.startswith(f"{entity_kind(entity).upper()}_")


def is_owner(role: Role, entity: str) -> bool:
    """Say whether `role` on `entity` makes its holder an owner of the organization."""
    return role is Role.SYSTEM_ADMIN and entity == SYSTEM
