"""Documents about deployments that do not vary with the version of the platform; the others are in `versions`."""

from typing import Final

from tests.contract.documents import Sent

DEPLOYMENTS: Final = {
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
