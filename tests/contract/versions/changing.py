"""How clients create and change deployments, in the form of each version."""

from collections.abc import Mapping
from typing import Any, Final

from tests.contract.versions.forms import Form, sent

_CREATED: Final = "id type label releaseName version airflowVersion urls { type url } createdAt updatedAt"
_CREATE: Final = (
    '$label: String!, $type: String = "airflow", $workspaceId: Uuid!, $releaseName: String, $executor: ExecutorType!, '
    "$airflowVersion: String, $namespace: String, $config: JSON, $cloudRole: String, $dagDeployment: DagDeployment"
)
_CREATE_WITH: Final = (
    "label: $label, type: $type, workspaceUuid: $workspaceId, releaseName: $releaseName, executor: $executor, "
    "airflowVersion: $airflowVersion, namespace: $namespace, config: $config, cloudRole: $cloudRole, "
    "dagDeployment: $dagDeployment"
)
_REPLICAS: Final = "triggerer: { replicas: $triggererReplicas }"
_NEW: Final[Mapping[str, Any]] = {
    "label": "<new>",
    "workspaceId": "<workspace>",
    "executor": "CeleryExecutor",
    "cloudRole": "",
    "dagDeployment": {},
}
_UPSERT: Final = (
    "$workspaceId: Uuid, $clusterId: Uuid, $label: String, $releaseName: String, $namespace: String, "
    "$executor: ExecutorType, $runtimeVersion: String, $cloudRole: String, $dagDeployment: DagDeployment, "
    "$triggererReplicas: Int"
)
_UPSERT_WITH: Final = (
    "workspaceUuid: $workspaceId, clusterId: $clusterId, label: $label, releaseName: $releaseName, "
    "namespace: $namespace, executor: $executor, runtimeVersion: $runtimeVersion, cloudRole: $cloudRole, "
    f"dagDeployment: $dagDeployment, {_REPLICAS}"
)
_UPSERTED: Final = (
    "id type label releaseName version airflowVersion runtimeVersion urls { type url } createdAt updatedAt"
)
_UPSERTED_LATER: Final = _UPSERTED.replace("airflowVersion ", "")

CREATE: Final = (
    Form("0.25.0", sent("mutation", "createDeployment", _CREATE_WITH, _CREATED, declared=_CREATE), _NEW),
    Form(
        "0.28.0",
        sent(
            "mutation",
            "createDeployment",
            f"{_CREATE_WITH}, {_REPLICAS}",
            _CREATED,
            declared=f"{_CREATE}, $triggererReplicas: Int",
        ),
        {**_NEW, "triggererReplicas": 1},
    ),
    Form(
        "0.29.0",
        sent(
            "mutation",
            "createDeployment",
            f"{_CREATE_WITH}, runtimeVersion: $runtimeVersion, {_REPLICAS}",
            f"{_CREATED} runtimeVersion",
            declared=f"{_CREATE}, $runtimeVersion: String, $triggererReplicas: Int",
        ),
        {**_NEW, "runtimeVersion": "", "airflowVersion": ""},
    ),
    Form(
        "1.0.0",
        sent("mutation", "upsertDeployment", _UPSERT_WITH, _UPSERTED, declared=_UPSERT),
        {**_NEW, "clusterId": "c"},
    ),
    Form(
        "1.0.1",
        sent("mutation", "upsertDeployment", _UPSERT_WITH, _UPSERTED_LATER, declared=_UPSERT),
        {**_NEW, "clusterId": "c"},
    ),
    Form(
        "2.1.0",
        sent(
            "mutation",
            "upsertDeployment",
            f"{_UPSERT_WITH}, mode: $mode",
            _UPSERTED_LATER,
            declared=f"{_UPSERT}, $mode: AllowedDeploymentModeValues",
        ),
        {**_NEW, "clusterId": "c", "mode": "helm"},
    ),
)

_UPDATED: Final = (
    "id type label description releaseName version airflowVersion workspace { id } deployInfo { current } createdAt "
    "updatedAt"
)
_UPDATE: Final = (
    "$deploymentId: Uuid!, $payload: JSON!, $cloudRole: String, $executor: ExecutorType, $dagDeployment: DagDeployment"
)
_UPDATE_WITH: Final = (
    "deploymentUuid: $deploymentId, payload: $payload, cloudRole: $cloudRole, executor: $executor, "
    "dagDeployment: $dagDeployment"
)
_CHANGED: Final[Mapping[str, Any]] = {
    "deploymentId": "<deployment>",
    "payload": {"label": "<new>", "description": "d"},
    "cloudRole": "",
    "dagDeployment": {},
    "label": "undeclared",
    "sync": True,
}
_UPSERT_OF: Final = (
    "$deploymentUuid: Uuid!, $label: String, $description: String, $cloudRole: String, $executor: ExecutorType, "
    "$triggererReplicas: Int, $dagDeployment: DagDeployment"
)
_UPSERT_OF_WITH: Final = (
    "deploymentUuid: $deploymentUuid, label: $label, description: $description, cloudRole: $cloudRole, "
    f"executor: $executor, {_REPLICAS}, dagDeployment: $dagDeployment"
)
_CHANGED_LATER: Final[Mapping[str, Any]] = {
    "deploymentUuid": "<deployment>",
    "label": "<new>",
    "cloudRole": "",
    "dagDeployment": {},
}

UPDATE: Final = (
    Form("0.25.0", sent("mutation", "updateDeployment", _UPDATE_WITH, _UPDATED, declared=_UPDATE), _CHANGED),
    Form(
        "0.28.0",
        sent(
            "mutation",
            "updateDeployment",
            f"{_UPDATE_WITH}, {_REPLICAS}",
            _UPDATED,
            declared=f"{_UPDATE}, $triggererReplicas: Int",
        ),
        {**_CHANGED, "triggererReplicas": 2},
    ),
    Form(
        "1.0.0",
        sent("mutation", "upsertDeployment", _UPSERT_OF_WITH, _UPSERTED, declared=_UPSERT_OF),
        _CHANGED_LATER,
    ),
    Form(
        "1.0.1",
        sent("mutation", "upsertDeployment", _UPSERT_OF_WITH, _UPSERTED_LATER, declared=_UPSERT_OF),
        _CHANGED_LATER,
    ),
)

SET_IMAGE: Final = (
    Form(
        "0.25.0",
        sent(
            "mutation",
            "updateDeploymentImage",
            "releaseName: $releaseName, image: $image, airflowVersion: $airflowVersion, "
            "runtimeVersion: $runtimeVersion",
            "releaseName airflowVersion runtimeVersion",
            declared="$releaseName: String!, $image: String!, $airflowVersion: String, $runtimeVersion: String",
        ),
        {
            "releaseName": "<release>",
            "image": "registry.example.com/a:cli-1",
            "airflowVersion": "",
            "runtimeVersion": "",
        },
    ),
    Form(
        "1.0.1",
        sent(
            "mutation",
            "updateDeploymentImage",
            "releaseName: $releaseName, image: $image, runtimeVersion: $runtimeVersion",
            "releaseName runtimeVersion",
            declared="$releaseName: String!, $image: String!, $runtimeVersion: String!",
        ),
        {"releaseName": "<release>", "image": "registry.example.com/a:cli-2", "runtimeVersion": ""},
    ),
    Form(
        "2.1.0",
        sent(
            "mutation",
            "upsertDeployment",
            "releaseName: $releaseName, image: $image, runtimeVersion: $runtimeVersion",
            "id releaseName runtimeVersion",
            declared="$releaseName: String!, $image: String!, $runtimeVersion: String!",
        ),
        {"releaseName": "<release>", "image": "registry.example.com/a:cli-3", "runtimeVersion": ""},
    ),
)

_RUNTIME: Final = "id label version releaseName runtimeVersion desiredRuntimeVersion runtimeAirflowVersion"

CANCEL_RUNTIME: Final = (
    Form(
        "0.29.0",
        sent(
            "mutation",
            "cancelRuntimeUpdate",
            "deploymentUuid: $deploymentUuid",
            _RUNTIME,
            declared="$deploymentUuid: Uuid!",
        ),
        {"deploymentUuid": "<deployment>"},
    ),
)

AIRFLOW: Final = (
    Form(
        "0.25.0",
        sent(
            "mutation",
            "updateDeploymentAirflow",
            "deploymentUuid: $deploymentId, desiredAirflowVersion: $desiredAirflowVersion",
            "id label version releaseName airflowVersion desiredAirflowVersion",
            declared="$deploymentId: Uuid!, $desiredAirflowVersion: String!",
        ),
        {"deploymentId": "<deployment>", "desiredAirflowVersion": "3.3.2"},
    ),
)

DELETE: Final = (
    Form(
        "0.25.0",
        sent(
            "mutation",
            "deleteDeployment",
            "deploymentUuid: $deploymentId, deploymentHardDelete: $deploymentHardDelete",
            "id type label description releaseName version workspace { id } createdAt updatedAt",
            declared="$deploymentId: Uuid!, $deploymentHardDelete: Boolean",
        ),
        {"deploymentId": "<deployment>", "deploymentHardDelete": True},
    ),
)
