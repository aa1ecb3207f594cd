"""Images through the gateway: deployed by release name or by an upsert. Source: houston.md, sections 7.2 and 7.6."""

from typing import Any

import pytest

from services.deployments.contract import State
from shared.ids import new_id
from tests.integration.deployments.service import until
from tests.integration.gateway.whole import Aerodrome

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHOWN = (
    "id label releaseName config airflowVersion desiredAirflowVersion state runtimeVersion desiredRuntimeVersion "
    "deployInfo { current nextCli latest next }"
)
CREATE = (
    'mutation ($w: Uuid!, $v: String) { createDeployment(workspaceUuid: $w, label: "nightly", airflowVersion: $v) '
    f"{{ {SHOWN} }} }}"
)
IMAGE = (
    "mutation ($r: String!, $i: String!, $a: String, $v: String) { updateDeploymentImage(releaseName: $r, image: $i, "
    f"airflowVersion: $a, runtimeVersion: $v) {{ {SHOWN} }} }}"
)
UPSERT = (
    "mutation ($w: Uuid, $d: Uuid, $r: String, $i: String, $v: String, $a: String, $l: String, $p: JSON) { "
    "upsertDeployment(workspaceUuid: $w, deploymentUuid: $d, releaseName: $r, image: $i, runtimeVersion: $v, "
    f"airflowVersion: $a, label: $l, dockerconfigjson: $p) {{ {SHOWN} }} }}"
)
VERSION = (
    "mutation ($d: Uuid!, $v: String!) { updateDeploymentAirflow(deploymentUuid: $d, desiredAirflowVersion: $v) "
    f"{{ {SHOWN} }} }}"
)
ONE = f"query ($d: String) {{ deployment(where: {{id: $d}}) {{ {SHOWN} }} }}"
REPOSITORY = "registry.example.com/nightly/airflow"


async def created(aerodrome: Aerodrome, version: str = "3.1.8") -> dict[str, Any]:
    """Return a new deployment that runs."""
    made = await aerodrome.data(CREATE, aerodrome.admin, w=await aerodrome.make_workspace(), v=version)
    return await healthy(aerodrome, made["id"])


async def healthy(aerodrome: Aerodrome, id_: str) -> dict[str, Any]:
    """Return a deployment once it is as wished."""
    found: dict[str, Any] = {}

    async def is_up() -> bool:
        found.update(await aerodrome.data(ONE, aerodrome.admin, d=id_))
        return bool(found["state"] == State.HEALTHY)

    await until(is_up)
    return found


async def test_an_image_is_the_next_wish_and_counts_its_tags(aerodrome: Aerodrome) -> None:
    made = await created(aerodrome)
    assert made["deployInfo"] == {"current": None, "nextCli": "cli-1", "latest": None, "next": "cli-1"}
    image = f"{REPOSITORY}:cli-4"
    wished = await aerodrome.data(IMAGE, aerodrome.admin, r=made["releaseName"], i=image, a="", v="")
    assert wished["config"]["images"] == {"airflow": {"repository": REPOSITORY, "tag": "cli-4"}}
    await healthy(aerodrome, made["id"])
    other = await aerodrome.data(IMAGE, aerodrome.admin, r=made["releaseName"], i=f"{REPOSITORY}:by-hand")
    assert other["deployInfo"] == {"current": "by-hand", "nextCli": "cli-5", "latest": "cli-4", "next": "cli-5"}


async def test_the_version_of_the_image_is_the_one_that_runs(aerodrome: Aerodrome) -> None:
    made = await created(aerodrome)
    await aerodrome.data(VERSION, aerodrome.admin, d=made["id"], v="3.3.2")
    await aerodrome.data(IMAGE, aerodrome.admin, r=made["releaseName"], i=f"{REPOSITORY}:a", a="3.3.2")
    up = await healthy(aerodrome, made["id"])
    assert (up["airflowVersion"], up["desiredAirflowVersion"]) == ("3.3.2", "3.3.2")
    refused = await aerodrome.refused(IMAGE, aerodrome.admin, r=made["releaseName"], i=f"{REPOSITORY}:b", a="2.11.2")
    assert refused == ("Airflow can't go back from 3.3.2 to the older 2.11.2", "BAD_USER_INPUT")
    waiting = await aerodrome.data(VERSION, aerodrome.admin, d=made["id"], v="3.4.0")
    assert (waiting["airflowVersion"], waiting["desiredAirflowVersion"]) == ("3.3.2", "3.4.0")
    still = await healthy(aerodrome, made["id"])
    assert (still["airflowVersion"], still["desiredAirflowVersion"]) == ("3.3.2", "3.4.0")


async def test_an_upsert_brings_an_image_to_the_one_with_the_release_name(aerodrome: Aerodrome) -> None:
    made = await created(aerodrome)
    image = f"{REPOSITORY}:cli-1"
    by_name = await aerodrome.data(UPSERT, aerodrome.admin, r=made["releaseName"], i=image, v="")
    assert (by_name["id"], by_name["deployInfo"]["current"], by_name["label"]) == (made["id"], "cli-1", "nightly")
    image = f"{REPOSITORY}:cli-2"
    by_id = await aerodrome.data(UPSERT, aerodrome.admin, d=made["id"], i=image, l="renamed")
    assert (by_id["deployInfo"]["current"], by_id["label"]) == ("cli-2", "renamed")
    place = await aerodrome.make_workspace()
    fresh = await aerodrome.data(UPSERT, aerodrome.admin, w=place, r="none-such-0000", i=image, l="fresh")
    assert (fresh["deployInfo"]["current"], fresh["label"]) == ("cli-2", "fresh")
    nobody = await aerodrome.refused(UPSERT, aerodrome.admin, r="none-such-0001", i=image)
    assert nobody[1] == "RESOURCE_NOT_FOUND"


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"i": "not an image"}, "The image has not the form repository:tag"),
        ({"i": f"{REPOSITORY}:a", "v": "13.0.0"}, "Astro Runtime is not offered here, ask for an airflowVersion"),
        ({"i": f"{REPOSITORY}:a", "p": {"auths": {}}}, "Credentials for a registry are not taken here"),
    ],
)
async def test_a_wrong_image_changes_nothing(aerodrome: Aerodrome, sent: dict[str, Any], told: str) -> None:
    made = await created(aerodrome)
    said, code = await aerodrome.refused(UPSERT, aerodrome.admin, d=made["id"], l="renamed", **sent)
    assert said.startswith(told)
    assert code == "BAD_USER_INPUT"
    assert await aerodrome.data(ONE, aerodrome.admin, d=made["id"]) == made


@pytest.mark.parametrize("sent", [{"i": f"{REPOSITORY}:cli-1"}, {"a": "3.3.2"}])
async def test_a_keyed_upsert_of_two_commands_is_done_once(aerodrome: Aerodrome, sent: dict[str, str]) -> None:
    made = await created(aerodrome)
    body = {"query": UPSERT, "variables": {"d": made["id"], "l": "renamed", **sent}}
    headers = {"Authorization": aerodrome.admin, "Idempotency-Key": new_id()}
    for _ in range(2):
        _, answer = await aerodrome.door.post(body, headers=headers)
        assert "errors" not in answer
        assert answer["data"]["upsertDeployment"]["label"] == "renamed"
