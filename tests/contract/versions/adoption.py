"""What clients of 2.1.0 send beside: valid documents that are refused."""

from typing import Final

from tests.contract.versions.forms import Form, sent

ADOPTION: Final = {
    "adopt": Form(
        "2.1.0",
        sent(
            "mutation",
            "adoptDeployment",
            "workspaceUuid: $workspaceId, clusterId: $clusterId, crNamespace: $crNamespace, crName: $crName, "
            "label: $label, description: $description, useApcLogging: $useApcLogging, "
            "useApcRegistry: $useApcRegistry, acceptIncompatibilities: $acceptIncompatibilities",
            "id label releaseName namespace clusterId workspace { id } createdAt updatedAt",
            declared="$workspaceId: Uuid!, $clusterId: Uuid!, $crNamespace: String!, $crName: String!, $label: String, "
            "$description: String, $useApcLogging: Boolean, $useApcRegistry: Boolean, "
            "$acceptIncompatibilities: Boolean",
        ),
        {"workspaceId": "<workspace>", "clusterId": "c", "crNamespace": "n", "crName": "a", "useApcLogging": True},
    ),
    "unadopt": Form(
        "2.1.0",
        sent(
            "mutation",
            "unadoptDeployment",
            "deploymentUuid: $deploymentId",
            "id label releaseName namespace clusterId workspace { id }",
            declared="$deploymentId: Uuid!",
        ),
        {"deploymentId": "<deployment>"},
    ),
}
