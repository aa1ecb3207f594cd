"""Who may see and change deployments, and read their logs."""

from collections.abc import Sequence
from typing import Final

from tests.integration.gateway.matrix.rows import (
    DEPLOYMENT_ADMINS,
    DEPLOYMENT_VIEWERS,
    EDITORS,
    SYSTEM_ADMINS,
    SYSTEM_EDITORS,
    SYSTEM_VIEWERS,
    VIEWERS,
    Operation,
    Outcome,
    Row,
)

DEPLOYMENTS: Final[Sequence[Row]] = [
    Row(
        operation="deployments",
        permission="system.deployments.get; without it those of the caller's workspaces",
        kind=Operation.QUERY,
        sent="deployments { id }",
        own=DEPLOYMENT_VIEWERS,
        anywhere=SYSTEM_VIEWERS,
        otherwise=Outcome.NOTHING,
        shows="<deployment>",
    ),
    Row(
        operation="deployments",
        form="releaseName",
        permission="deployment.config.get; without it as if there were none",
        kind=Operation.QUERY,
        sent='deployments(releaseName: "<release>") { id }',
        own=DEPLOYMENT_VIEWERS,
        anywhere=SYSTEM_VIEWERS,
        otherwise=Outcome.NOTHING,
        shows="<deployment>",
    ),
    Row(
        operation="deployments",
        form="deploymentUuid",
        permission="deployment.config.get",
        kind=Operation.QUERY,
        sent='deployments(deploymentUuid: "<deployment>") { id }',
        own=DEPLOYMENT_VIEWERS,
        anywhere=SYSTEM_VIEWERS,
        otherwise=Outcome.HIDDEN,
        shows="<deployment>",
    ),
    Row(
        operation="deployments",
        form="workspaceUuid",
        permission="workspace.deployments.get",
        kind=Operation.QUERY,
        sent='deployments(workspaceUuid: "<workspace>") { id }',
        own=VIEWERS,
        anywhere=SYSTEM_VIEWERS,
        shows="<deployment>",
    ),
    Row(
        operation="createDeployment",
        permission="workspace.deployments.create",
        sent='createDeployment(workspaceUuid: "<workspace>", label: "<text>") { id }',
        own=EDITORS,
        anywhere=SYSTEM_EDITORS,
    ),
    Row(
        operation="deleteDeployment",
        permission="deployment.config.delete or system.deployments.delete",
        sent='deleteDeployment(deploymentUuid: "<deployment>") { id }',
        own=DEPLOYMENT_ADMINS,
        anywhere=SYSTEM_ADMINS,
        otherwise=Outcome.HIDDEN,
        shows="<deployment>",
        alone=True,
    ),
    Row(
        operation="deploymentLogStream",
        permission="deployment.logs.get or system.deployments.logs",
        kind=Operation.SUBSCRIPTION,
        sent='deploymentLogStream(deploymentUuid: "<deployment>", interval: 100, timestamp: "2000-01-01T00:00:00Z") '
        "{ id }",
        own=DEPLOYMENT_VIEWERS,
        anywhere=SYSTEM_VIEWERS,
        otherwise=Outcome.HIDDEN,
    ),
]
