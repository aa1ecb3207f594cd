"""The command line's documents about deployments.

Source: houston.md, sections 5.4 and 5.5.
"""

from typing import Final

from tests.contract.documents import Sent

_LISTED: Final = "id type label releaseName workspace { id } deployInfo { nextCli current } version createdAt updatedAt"
_UPDATED: Final = (
    "id type label description releaseName version airflowVersion workspace { id } deployInfo { current } createdAt "
    "updatedAt"
)
_CREATED: Final = (
    "id type label releaseName version airflowVersion runtimeVersion urls { type url } createdAt updatedAt"
)

DEPLOYMENTS: Final = {
    "CreateDeployment of 0.29": Sent(
        'mutation CreateDeployment($label: String!, $type: String = "airflow", $workspaceId: Uuid!, $releaseName: '
        "String, $executor: ExecutorType!, $airflowVersion: String, $runtimeVersion: String, $namespace: String, "
        "$config: JSON, $cloudRole: String, $dagDeployment: DagDeployment, $triggererReplicas: Int) { "
        "createDeployment(label: $label, type: $type, workspaceUuid: $workspaceId, releaseName: $releaseName, "
        "executor: $executor, airflowVersion: $airflowVersion, runtimeVersion: $runtimeVersion, namespace: $namespace, "
        "config: $config, cloudRole: $cloudRole, dagDeployment: $dagDeployment, "
        f"triggerer: {{ replicas: $triggererReplicas }}) {{ {_CREATED} }} }}",
        {"label": "x", "workspaceId": "cid", "executor": "CeleryExecutor", "cloudRole": "", "dagDeployment": {}},
    ),
    "UpsertDeployment of 1.0": Sent(
        "mutation UpsertDeployment($workspaceId: Uuid, $clusterId: Uuid, $label: String, $releaseName: String, "
        "$namespace: String, $executor: ExecutorType, $runtimeVersion: String, $cloudRole: String, $dagDeployment: "
        "DagDeployment, $triggererReplicas: Int, $mode: AllowedDeploymentModeValues) { upsertDeployment("
        "workspaceUuid: $workspaceId, clusterId: $clusterId, label: $label, releaseName: $releaseName, "
        "namespace: $namespace, "
        "executor: $executor, runtimeVersion: $runtimeVersion, cloudRole: $cloudRole, dagDeployment: $dagDeployment, "
        f"triggerer: {{ replicas: $triggererReplicas }}, mode: $mode) {{ {_CREATED} }} }}",
        {"workspaceId": "cid", "label": "x", "executor": "LocalExecutor", "mode": "helm"},
    ),
    "workspaceDeployments": Sent(
        "query WorkspaceDeployments($workspaceId: Uuid!, $releaseName: String) { workspaceDeployments(workspaceUuid: "
        f"$workspaceId, releaseName: $releaseName) {{ {_LISTED} runtimeVersion clusterId }} }}",
        {"workspaceId": "cid"},
    ),
    "paginatedDeployments": Sent(
        "query paginatedDeployments($take: Int, $name: String, $cursor: Uuid, $pageNumber: Int, $clusterId: Uuid) { "
        "paginatedDeployments(take: $take, name: $name, cursor: $cursor, pageNumber: $pageNumber, clusterId: "
        f"$clusterId) {{ {_LISTED} airflowVersion }} }}",
        {"take": -1, "cursor": ""},
    ),
    "GetDeployment": Sent(
        "query GetDeployment($id: String!) { deployment(where: {id: $id}) { id airflowVersion desiredAirflowVersion "
        "runtimeVersion desiredRuntimeVersion runtimeAirflowVersion releaseName urls { type url } "
        "dagDeployment { type } clusterId } }",
        {"id": "cid"},
    ),
    "UpdateDeployment": Sent(
        "mutation UpdateDeployment($deploymentId: Uuid!, $payload: JSON!, $cloudRole: String, $executor: ExecutorType, "
        "$dagDeployment: DagDeployment, $triggererReplicas: Int) { updateDeployment(deploymentUuid: $deploymentId, "
        "payload: $payload, cloudRole: $cloudRole, executor: $executor, dagDeployment: $dagDeployment, triggerer: { "
        f"replicas: $triggererReplicas }}) {{ {_UPDATED} }} }}",
        {"deploymentId": "cid", "payload": {}, "cloudRole": "", "dagDeployment": {}},
    ),
    "DeleteDeployment": Sent(
        "mutation DeleteDeployment($deploymentId: Uuid!, $deploymentHardDelete: Boolean) { deleteDeployment("
        "deploymentUuid: $deploymentId, deploymentHardDelete: $deploymentHardDelete) { id type label description "
        "releaseName version workspace { id } createdAt updatedAt } }",
        {"deploymentId": "cid", "deploymentHardDelete": True},
    ),
    "UpdateDeploymentAirflow": Sent(
        "mutation updateDeploymentAirflow($deploymentId: Uuid!, $desiredAirflowVersion: String!) { "
        "updateDeploymentAirflow(deploymentUuid: $deploymentId, desiredAirflowVersion: $desiredAirflowVersion) { id "
        "label version releaseName airflowVersion desiredAirflowVersion } }",
        {"deploymentId": "cid", "desiredAirflowVersion": "3.3.2"},
    ),
    "DeploymentInfo": Sent(
        "query DeploymentInfo { deploymentConfig { airflowImages { version tag } airflowVersions "
        "defaultAirflowImageTag } }"
    ),
    "runtimeReleases": Sent(
        "query RuntimeReleases($airflowVersion: String, $clusterId: Uuid) { runtimeReleases(airflowVersion: "
        "$airflowVersion, clusterId: $clusterId) { version airflowVersion airflowDatabaseMigrations } }",
        {"clusterId": ""},
    ),
    "updateDeploymentVariables": Sent(
        "mutation ($d: Uuid!, $v: [InputEnvironmentVariable]) { updateDeploymentVariables(deploymentUuid: $d, "
        "environmentVariables: $v) { key value isSecret } }",
        {"d": "cid", "v": [{"key": "A", "value": "b", "isSecret": True}]},
    ),
    "migrateDeployment": Sent('mutation { migrateDeployment(releaseName: "a-b-1", version: "1") { uuid } }'),
    "updateDeployment of 2018": Sent(
        'mutation { updateDeployment(deploymentUuid: "cid", payload: {label: "x", config: {a: 1}}, sync: true) '
        "{ uuid } }"
    ),
}
