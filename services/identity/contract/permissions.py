"""The one table of roles: what each may do, where it can be held, what it includes, and how each interface shows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Role(StrEnum):
    """The stored form of every role; USER is held by everybody and bound to nobody."""

    SYSTEM_ADMIN = "SYSTEM_ADMIN"
    SYSTEM_EDITOR = "SYSTEM_EDITOR"
    SYSTEM_VIEWER = "SYSTEM_VIEWER"
    ORGANIZATION_BILLING_ADMIN = "ORGANIZATION_BILLING_ADMIN"
    ORGANIZATION_MEMBER = "ORGANIZATION_MEMBER"
    WORKSPACE_ADMIN = "WORKSPACE_ADMIN"
    WORKSPACE_EDITOR = "WORKSPACE_EDITOR"
    WORKSPACE_AUTHOR = "WORKSPACE_AUTHOR"
    WORKSPACE_VIEWER = "WORKSPACE_VIEWER"
    DEPLOYMENT_ADMIN = "DEPLOYMENT_ADMIN"
    DEPLOYMENT_EDITOR = "DEPLOYMENT_EDITOR"
    DEPLOYMENT_VIEWER = "DEPLOYMENT_VIEWER"
    USER = "USER"


class Interface(StrEnum):
    """An interface that names roles in its own way."""

    GRAPHQL = "graphql"
    REST = "rest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A role as data.

    `scope` is the kind of entity it is bound to, "" for what everybody holds. `adds`: its permissions beside those of
    the roles that it `includes`. `graphql` and `rest` are its names there, None where it is not shown. `group` labels
    the group of 2018 that its holders form, "" for none. `owner`: its holders own the organization.
    """

    scope: str
    adds: frozenset[str]
    includes: tuple[Role, ...] = ()
    graphql: str | None = None
    rest: str | None = None
    group: str = ""
    owner: bool = False


def _named(scope: str, *actions: str) -> frozenset[str]:
    return frozenset(f"{scope}.{action}" for action in actions)


DEFINITIONS: Final[Mapping[Role, Definition]] = MappingProxyType(
    {
        Role.USER: Definition(
            scope="", adds=_named("system", "workspace.create"), graphql="USER", group="default_user"
        ),
        Role.DEPLOYMENT_VIEWER: Definition(
            scope="deployment",
            graphql="DEPLOYMENT_VIEWER",
            adds=_named(
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
        ),
        Role.DEPLOYMENT_EDITOR: Definition(
            scope="deployment",
            includes=(Role.DEPLOYMENT_VIEWER,),
            graphql="DEPLOYMENT_EDITOR",
            adds=_named(
                "deployment",
                "airflow.user",
                "config.update",
                "images.push",
                "serviceAccounts.create",
                "serviceAccounts.delete",
                "serviceAccounts.update",
                "variables.update",
            ),
        ),
        Role.DEPLOYMENT_ADMIN: Definition(
            scope="deployment",
            includes=(Role.DEPLOYMENT_EDITOR,),
            graphql="DEPLOYMENT_ADMIN",
            rest="DEPLOYMENT_ADMIN",
            adds=_named("deployment", "airflow.admin", "config.delete", "teamRoles.update", "userRoles.update"),
        ),
        Role.WORKSPACE_VIEWER: Definition(
            scope="workspace",
            includes=(Role.DEPLOYMENT_VIEWER,),
            graphql="WORKSPACE_VIEWER",
            rest="WORKSPACE_MEMBER",
            group="Workspace Viewer",
            adds=_named("workspace", "config.get", "deployments.get", "serviceAccounts.get", "teams.get", "users.get"),
        ),
        Role.WORKSPACE_AUTHOR: Definition(
            scope="workspace",
            includes=(Role.WORKSPACE_VIEWER, Role.DEPLOYMENT_EDITOR),
            graphql="WORKSPACE_EDITOR",
            rest="WORKSPACE_AUTHOR",
            adds=_named("workspace", "config.update", "deployments.create"),
        ),
        Role.WORKSPACE_EDITOR: Definition(
            scope="workspace",
            includes=(Role.WORKSPACE_AUTHOR,),
            graphql="WORKSPACE_EDITOR",
            rest="WORKSPACE_OPERATOR",
            group="Workspace Editor",
            adds=_named("workspace", "serviceAccounts.create", "serviceAccounts.delete", "serviceAccounts.update"),
        ),
        Role.WORKSPACE_ADMIN: Definition(
            scope="workspace",
            includes=(Role.WORKSPACE_EDITOR, Role.DEPLOYMENT_ADMIN),
            graphql="WORKSPACE_ADMIN",
            rest="WORKSPACE_OWNER",
            group="Workspace Owner",
            adds=_named("workspace", "audit.get", "billing.update", "config.delete", "iam.update", "invites.get"),
        ),
        Role.ORGANIZATION_MEMBER: Definition(
            scope="system", rest="ORGANIZATION_MEMBER", adds=_named("system", "teams.get", "users.get")
        ),
        Role.ORGANIZATION_BILLING_ADMIN: Definition(
            scope="system",
            includes=(Role.ORGANIZATION_MEMBER,),
            rest="ORGANIZATION_BILLING_ADMIN",
            adds=_named("workspace", "billing.update"),
        ),
        Role.SYSTEM_VIEWER: Definition(
            scope="system",
            includes=(Role.ORGANIZATION_MEMBER, Role.WORKSPACE_VIEWER),
            graphql="SYSTEM_VIEWER",
            rest="ORGANIZATION_MEMBER",
            adds=_named(
                "system",
                "airflow.get",
                "deployments.get",
                "deployments.logs",
                "deployments.metrics",
                "invite.get",
                "monitoring.get",
                "serviceAccounts.get",
                "workspace.get",
            ),
        ),
        Role.SYSTEM_EDITOR: Definition(
            scope="system",
            includes=(Role.SYSTEM_VIEWER, Role.WORKSPACE_EDITOR),
            graphql="SYSTEM_EDITOR",
            rest="ORGANIZATION_MEMBER",
            adds=_named("system", "airflow.user", "registryBaseImages.push", "serviceAccounts.update"),
        ),
        Role.SYSTEM_ADMIN: Definition(
            scope="system",
            includes=(Role.SYSTEM_EDITOR, Role.WORKSPACE_ADMIN),
            graphql="SYSTEM_ADMIN",
            rest="ORGANIZATION_OWNER",
            group="default_admin",
            owner=True,
            adds=_named(
                "system",
                "airflow.admin",
                "audit.get",
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
        ),
    }
)
"""Every role. Each rank includes the one below it, and the same rank of the narrower entity.

Source: houston.md, section 4.2, with the cascade, the additions and the moves to SYSTEM_VIEWER of section 4.3; iam.md,
section 6, for the roles that only the other interface names.
"""
