"""Who may deploy to deployments, have them adopted, and follow their status and their logs."""

from collections.abc import Sequence
from typing import Final

from tests.integration.gateway.matrix.rows import (
    DEPLOYMENT_ADMINS,
    DEPLOYMENT_EDITORS,
    DEPLOYMENT_VIEWERS,
    EDITORS,
    SYSTEM_ADMINS,
    SYSTEM_EDITORS,
    SYSTEM_VIEWERS,
    Operation,
    Outcome,
    Row,
)

NO_ADOPTION: Final = (
    "Deployments can't be adopted here: no driver of this installation takes over custom resources of a cluster."
)

DEPLOYING: Final[Sequence[Row]] = [
    Row(
        operation="updateDeploymentImage",
        permission="deployment.images.push or system.deployments.update",
        sent='updateDeploymentImage(releaseName: "<release>", image: "registry.example.com/airflow:<text>") { id }',
        own=DEPLOYMENT_EDITORS,
        anywhere=SYSTEM_EDITORS,
        otherwise=Outcome.HIDDEN,
        shows="<deployment>",
    ),
    Row(
        operation="updateDeploymentRuntime",
        permission="deployment.config.update or system.deployments.update",
        sent='updateDeploymentRuntime(deploymentUuid: "<deployment>", desiredRuntimeVersion: "13.0.0") { id }',
        own=DEPLOYMENT_EDITORS,
        anywhere=SYSTEM_EDITORS,
        otherwise=Outcome.HIDDEN,
        says="Astro Runtime is not offered here, ask for an airflowVersion",
        silent=True,
    ),
    Row(
        operation="cancelRuntimeUpdate",
        permission="deployment.config.update or system.deployments.update",
        sent='cancelRuntimeUpdate(deploymentUuid: "<deployment>") { id }',
        own=DEPLOYMENT_EDITORS,
        anywhere=SYSTEM_EDITORS,
        otherwise=Outcome.HIDDEN,
        shows="<deployment>",
        silent=True,
    ),
    Row(
        operation="adoptDeployment",
        permission="workspace.deployments.create",
        sent='adoptDeployment(workspaceUuid: "<workspace>", clusterId: "c", crNamespace: "n", crName: "a") { id }',
        own=EDITORS,
        anywhere=SYSTEM_EDITORS,
        says=NO_ADOPTION,
        silent=True,
    ),
    Row(
        operation="unadoptDeployment",
        permission="deployment.config.delete or system.deployments.delete",
        sent='unadoptDeployment(deploymentUuid: "<deployment>") { id }',
        own=DEPLOYMENT_ADMINS,
        anywhere=SYSTEM_ADMINS,
        otherwise=Outcome.HIDDEN,
        says=NO_ADOPTION,
        silent=True,
    ),
    Row(
        operation="activateDagBundle",
        permission="deployment.images.push or system.deployments.update",
        sent='activateDagBundle(deploymentUuid: "<deployment>", version: 7) { id }',
        own=DEPLOYMENT_EDITORS,
        anywhere=SYSTEM_EDITORS,
        otherwise=Outcome.HIDDEN,
        says="There is no bundle 7 among the last ones",
        silent=True,
    ),
    Row(
        operation="logs",
        permission="deployment.logs.get or system.deployments.logs",
        kind=Operation.QUERY,
        sent='logs(deploymentUuid: "<deployment>") { release }',
        own=DEPLOYMENT_VIEWERS,
        anywhere=SYSTEM_VIEWERS,
        otherwise=Outcome.HIDDEN,
    ),
    Row(
        operation="deploymentLogs",
        permission="deployment.logs.get or system.deployments.logs",
        kind=Operation.QUERY,
        sent='deploymentLogs(deploymentUuid: "<deployment>") { release }',
        own=DEPLOYMENT_VIEWERS,
        anywhere=SYSTEM_VIEWERS,
        otherwise=Outcome.HIDDEN,
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
    Row(
        operation="log",
        permission="deployment.logs.get or system.deployments.logs",
        kind=Operation.SUBSCRIPTION,
        sent='log(deploymentUuid: "<deployment>", timestamp: "2000-01-01T00:00:00Z") { id }',
        own=DEPLOYMENT_VIEWERS,
        anywhere=SYSTEM_VIEWERS,
        otherwise=Outcome.HIDDEN,
    ),
    Row(
        operation="deploymentStatus",
        permission="deployment.config.get",
        kind=Operation.SUBSCRIPTION,
        sent='deploymentStatus(releaseName: "<release>") { result }',
        own=DEPLOYMENT_VIEWERS,
        anywhere=SYSTEM_VIEWERS,
        otherwise=Outcome.HIDDEN,
    ),
]
