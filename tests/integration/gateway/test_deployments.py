"""Deployments through the gateway: how they are asked for, changed and shown. Source: houston.md, section 7."""

from typing import Any

import pytest

from shared.ids import new_id
from tests.integration.gateway.whole import Aerodrome

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHOWN = (
    "id label description releaseName status state version airflowVersion desiredAirflowVersion config properties env "
    "environmentVariables { key value isSecret } dagDeployment { type branchName } deployInfo { nextCli current }"
)
CREATE = (
    "mutation ($w: Uuid!, $l: String!, $env: JSON, $config: JSON, $v: String) { createDeployment(workspaceUuid: $w, "
    f"label: $l, env: $env, config: $config, airflowVersion: $v) {{ {SHOWN} }} }}"
)
UPDATE = (
    "mutation ($d: Uuid, $payload: JSON, $config: JSON, $env: JSON, $dag: DagDeployment) { updateDeployment("
    f"deploymentUuid: $d, payload: $payload, config: $config, env: $env, dagDeployment: $dag) {{ {SHOWN} }} }}"
)
ONE = f"query ($d: String) {{ deployment(where: {{id: $d}}) {{ {SHOWN} }} }}"
UPSERT = (
    "mutation ($w: Uuid, $d: Uuid, $l: String, $r: String, $workers: Workers) { upsertDeployment(workspaceUuid: $w, "
    f"deploymentUuid: $d, label: $l, releaseName: $r, workers: $workers) {{ {SHOWN} }} }}"
)
VARIABLES = (
    "mutation ($d: Uuid!, $v: [InputEnvironmentVariable]) { updateDeploymentVariables(deploymentUuid: $d, "
    "environmentVariables: $v) { key value isSecret } }"
)
VERSION = (
    "mutation ($d: Uuid!, $v: String!) { updateDeploymentAirflow(deploymentUuid: $d, desiredAirflowVersion: $v) "
    "{ airflowVersion desiredAirflowVersion } }"
)
PAGE = (
    "query ($take: Int, $name: String, $cursor: Uuid, $page: Int) { paginatedDeployments(take: $take, name: $name, "
    "cursor: $cursor, pageNumber: $page) { id label } }"
)


async def created(aerodrome: Aerodrome, **asked: Any) -> dict[str, Any]:
    """Return a new deployment in a workspace of its own."""
    workspace = (await aerodrome.data('mutation { createWorkspace(label: "x") { id } }', aerodrome.admin))["id"]
    made: dict[str, Any] = await aerodrome.data(CREATE, aerodrome.admin, w=workspace, **{"l": new_id(), **asked})
    return {**made, "workspace": workspace}


async def test_a_deployment_shows_what_it_was_asked_for(aerodrome: Aerodrome) -> None:
    env = [{"key": "TOKEN", "value": "hidden"}, {"key": "PLAIN", "value": "seen", "isSecret": False}]
    made = await created(aerodrome, env=env, config={"workers": {"replicas": 2}})
    assert made["config"] == {"workers": {"replicas": 2}, "executor": "CeleryExecutor"}
    assert made["env"] == [{"key": "TOKEN", "value": ""}, {"key": "PLAIN", "value": "seen"}]
    assert made["environmentVariables"] == [
        {"key": "TOKEN", "value": "", "isSecret": True},
        {"key": "PLAIN", "value": "seen", "isSecret": False},
    ]
    assert (made["dagDeployment"], made["deployInfo"]) == (
        {"type": "image", "branchName": None},
        {"nextCli": "cli-1", "current": None},
    )


async def test_a_payload_is_merged_and_an_argument_replaces(aerodrome: Aerodrome) -> None:
    made = await created(aerodrome, config={"a": {"b": 1}, "c": 2})
    merged = await aerodrome.data(UPDATE, aerodrome.admin, d=made["id"], payload={"config": {"a": {"d": 3}}})
    assert merged["config"] == {"a": {"b": 1, "d": 3}, "c": 2, "executor": "CeleryExecutor"}
    assert merged["status"] in {"creating", "updating"}
    replaced = await aerodrome.data(UPDATE, aerodrome.admin, d=made["id"], config={"e": 4})
    assert replaced["config"] == {"e": 4, "executor": "CeleryExecutor"}
    dag = {"type": "git_sync", "branchName": "main", "sshKey": "secret"}
    told = await aerodrome.data(UPDATE, aerodrome.admin, d=made["id"], dag=dag)
    assert told["dagDeployment"] == {"type": "git_sync", "branchName": "main"}


async def test_a_label_is_free_again_when_it_is_changed(aerodrome: Aerodrome) -> None:
    made = await created(aerodrome)
    other = await aerodrome.data(CREATE, aerodrome.admin, w=made["workspace"], l="other")
    taken = await aerodrome.refused(UPDATE, aerodrome.admin, d=other["id"], payload={"label": made["label"]})
    assert taken == (f"Workspace already has a deployment named {made['label']}", "BAD_USER_INPUT")
    await aerodrome.data(UPDATE, aerodrome.admin, d=made["id"], payload={"label": "new"})
    renamed = await aerodrome.data(UPDATE, aerodrome.admin, d=other["id"], payload={"label": made["label"]})
    assert renamed["label"] == made["label"]


async def test_variables_are_replaced_and_unsent_secrets_stay(aerodrome: Aerodrome) -> None:
    made = await created(aerodrome, env=[{"key": "TOKEN", "value": "hidden"}, {"key": "OLD", "value": "x"}])
    wanted = [{"key": "TOKEN", "isSecret": True}, {"key": "NEW", "value": "n"}]
    assert await aerodrome.data(VARIABLES, aerodrome.admin, d=made["id"], v=wanted) == [
        {"key": "TOKEN", "value": "", "isSecret": True},
        {"key": "NEW", "value": "n", "isSecret": False},
    ]


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        (
            [{"key": "AIRFLOW__CORE__EXECUTOR", "value": "x"}, {"key": "airflow__core__fernet_key", "value": "x"}],
            "AIRFLOW__CORE__EXECUTOR and airflow__core__fernet_key are set automatically and cannot be overridden",
        ),
        ([{"key": "NO-DASH", "value": "x"}], "An environment variable needs a name of letters, digits and _"),
        ([{"value": "x"}], "The environment must be a list of objects"),
        ("A=b", "The environment must be a list of objects"),
    ],
)
async def test_wrong_variables_are_refused(aerodrome: Aerodrome, variables: Any, told: str) -> None:
    made = await created(aerodrome)
    said, _ = await aerodrome.refused(UPDATE, aerodrome.admin, d=made["id"], env=variables)
    assert said.startswith(told)


async def test_a_version_is_wished_and_taken_back(aerodrome: Aerodrome) -> None:
    made = await created(aerodrome, v="3.1.8")
    wished = await aerodrome.data(VERSION, aerodrome.admin, d=made["id"], v="3.3.2")
    assert wished["desiredAirflowVersion"] == "3.3.2"
    assert (await aerodrome.refused(VERSION, aerodrome.admin, d=made["id"], v="not a version"))[1] == "BAD_USER_INPUT"


async def test_one_is_found_by_its_release_name_or_made(aerodrome: Aerodrome) -> None:
    made = await created(aerodrome)
    again = await aerodrome.data(UPSERT, aerodrome.admin, r=made["releaseName"], l="by name", workers={"replicas": 3})
    assert (again["id"], again["label"], again["config"]["workers"]) == (made["id"], "by name", {"replicas": 3})
    fresh = await aerodrome.data(UPSERT, aerodrome.admin, w=made["workspace"], l="fresh")
    assert fresh["id"] != made["id"]
    assert (await aerodrome.refused(UPSERT, aerodrome.admin, r="none-such-0000", l="x"))[1] == "RESOURCE_NOT_FOUND"


async def test_deployments_are_paged_by_the_beginning_of_their_labels(aerodrome: Aerodrome) -> None:
    mark = new_id()
    for n in range(3):
        await created(aerodrome, l=f"{mark} {n}")
    every = await aerodrome.data(PAGE, aerodrome.admin, take=-1, name=mark, cursor="")
    assert [row["label"] for row in every] == [f"{mark} {n}" for n in range(3)]
    assert await aerodrome.data(PAGE, aerodrome.admin, take=2, name=mark, page=1) == every[2:]
    assert await aerodrome.data(PAGE, aerodrome.admin, take=2, name=mark, cursor=every[0]["id"]) == every[1:]


async def test_what_is_offered_is_told(aerodrome: Aerodrome) -> None:
    said = await aerodrome.data(
        "{ deploymentConfig { defaults limits executors astroUnit { cpu memory airflowConns } maxExtraAu "
        "airflowVersions defaultAirflowImageTag airflowImages { version channel tag } } }",
        aerodrome.admin,
    )
    assert said["defaults"]["scheduler"]["resources"]["limits"] == {"cpu": 500, "memory": 1920}
    assert said["limits"]["workers"]["replicas"] == 10
    assert said["executors"]["KubernetesExecutor"]["defaultExtraAu"] == 10
    assert (said["astroUnit"], said["maxExtraAu"]) == ({"cpu": 100, "memory": 384, "airflowConns": 5.0}, 400)
    assert said["defaultAirflowImageTag"] in said["airflowVersions"]


async def test_an_unknown_runtime_is_refused(aerodrome: Aerodrome) -> None:
    wish = 'mutation ($w: Uuid!) { createDeployment(workspaceUuid: $w, label: "x", runtimeVersion: "12.0.0") { id } }'
    made = await created(aerodrome)
    said, code = await aerodrome.refused(wish, aerodrome.admin, w=made["workspace"])
    assert ("Astro Runtime is not offered" in said, code) == (True, "BAD_USER_INPUT")
