"""What clients ask about deployments and the platform, in the form of each version."""

from typing import Final

from tests.contract.versions.forms import Form, sent

_SWITCHES: Final = (
    "version baseDomain smtpConfigured manualReleaseNames configureDagDeployment nfsMountDagDeployment "
    "manualNamespaceNames hardDeleteDeployment"
)
_LATER_SWITCHES: Final = f"{_SWITCHES} triggererEnabled featureFlags byoUpdateRegistryHost"

APP_CONFIG: Final = (
    Form("0.25.0", f"query AppConfig {{ appConfig {{ {_SWITCHES} }} }}", {}),
    Form("0.28.0", f"query AppConfig {{ appConfig {{ {_SWITCHES} triggererEnabled featureFlags }} }}", {}),
    Form("0.29.2", f"query AppConfig {{ appConfig {{ {_LATER_SWITCHES} }} }}", {}),
    Form(
        "1.0.0",
        sent("query", "appConfig", "clusterId: $clusterId", _LATER_SWITCHES, declared="$clusterId: Uuid"),
        {"clusterId": ""},
    ),
    Form(
        "2.0.0",
        sent(
            "query",
            "appConfig",
            "clusterId: $clusterId, workspaceUuid: $workspaceUuid, deploymentUuid: $deploymentUuid",
            "version baseDomain byoUpdateRegistryHost smtpConfigured featureFlags",
            declared="$clusterId: Uuid, $workspaceUuid: Uuid, $deploymentUuid: Uuid",
        ),
        {"clusterId": "", "workspaceUuid": "<workspace>", "deploymentUuid": "<deployment>"},
    ),
)

_LISTED: Final = (
    "id type label releaseName workspace { id } deployInfo { nextCli current } version airflowVersion createdAt "
    "updatedAt"
)
_LISTED_LATER: Final = f"{_LISTED.replace('airflowVersion ', '')} runtimeVersion clusterId"
_IN_WORKSPACE: Final = "$workspaceId: Uuid!, $releaseName: String"
_IN_WORKSPACE_WITH: Final = "workspaceUuid: $workspaceId, releaseName: $releaseName"
_OF_WORKSPACE: Final = {"workspaceId": "<workspace>", "releaseName": "<release>"}

LIST: Final = tuple(
    Form(
        since,
        sent("query", "workspaceDeployments", _IN_WORKSPACE_WITH, shown, declared=_IN_WORKSPACE),
        _OF_WORKSPACE,
    )
    for since, shown in (("0.25.0", _LISTED), ("0.29.0", f"{_LISTED} runtimeVersion"), ("1.0.0", _LISTED_LATER))
)

_PAGED: Final = "$take: Int, $name: String, $cursor: Uuid, $pageNumber: Int"
_PAGED_WITH: Final = "take: $take, name: $name, cursor: $cursor, pageNumber: $pageNumber"

LIST_ALL: Final = (
    Form(
        "0.32.0",
        sent("query", "paginatedDeployments", _PAGED_WITH, f"{_LISTED} runtimeVersion", declared=_PAGED),
        {"take": -1},
    ),
    Form(
        "1.0.0",
        sent(
            "query",
            "paginatedDeployments",
            f"{_PAGED_WITH}, clusterId: $clusterId",
            _LISTED_LATER,
            declared=f"{_PAGED}, $clusterId: Uuid",
        ),
        {"take": -1, "name": "", "cursor": "", "pageNumber": 0, "clusterId": ""},
    ),
)

_FOUND: Final = "id airflowVersion desiredAirflowVersion urls { type url }"

GET: Final = tuple(
    Form(
        since,
        f"query GetDeployment($id: String!) {{ deployment(where: {{id: $id}}) {{ {shown} }} }}",
        {"id": "<deployment>"},
    )
    for since, shown in (
        ("0.25.0", _FOUND),
        (
            "0.29.0",
            f"{_FOUND} runtimeVersion desiredRuntimeVersion runtimeAirflowVersion releaseName dagDeployment {{ type }}",
        ),
        (
            "1.0.0",
            "id runtimeVersion runtimeAirflowVersion releaseName urls { type url } dagDeployment { type } clusterId",
        ),
    )
)

IMAGES: Final = (
    Form(
        "0.25.0",
        "query DeploymentInfo { deploymentConfig { airflowImages { version tag } airflowVersions "
        "defaultAirflowImageTag } }",
        {},
    ),
    Form("1.0.1", "query DeploymentInfo { deploymentConfig { __typename } }", {}),
)

NAMESPACES: Final = (
    Form("0.25.0", "query { availableNamespaces { name } }", {}),
    Form(
        "1.0.0",
        sent("query", "availableNamespaces", "clusterId: $clusterId", "name", declared="$clusterId: Uuid!"),
        {"clusterId": "c"},
    ),
)

RUNTIMES: Final = (
    Form(
        "0.29.0",
        sent(
            "query",
            "runtimeReleases",
            "airflowVersion: $airflowVersion, clusterId: $clusterId",
            "version airflowVersion airflowDatabaseMigrations",
            declared="$airflowVersion: String, $clusterId: Uuid",
        ),
        {"clusterId": ""},
    ),
)
