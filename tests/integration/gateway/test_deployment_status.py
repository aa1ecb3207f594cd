"""The status of a deployment on a socket: as it is, whenever it changes, and no longer than it may be seen."""

from typing import Any

import pytest

from services.deployments.contract import State
from tests.integration.gateway.talks import LEGACY, TRANSPORT, Talk, talking
from tests.integration.gateway.whole import Aerodrome

pytestmark = pytest.mark.asyncio(loop_scope="module")

STATUS = "subscription ($r: String!) { deploymentStatus(releaseName: $r) { result } }"
CREATE = (
    'mutation ($w: Uuid!) { createDeployment(workspaceUuid: $w, label: "nightly") { id releaseName workspace { id } } }'
)
HIBERNATE = "mutation ($d: Uuid!) { hibernateDeployment(deploymentUuid: $d) { id } }"
DELETE = "mutation ($d: Uuid!) { deleteDeployment(deploymentUuid: $d) { id } }"


async def created(aerodrome: Aerodrome) -> dict[str, Any]:
    made: dict[str, Any] = await aerodrome.data(CREATE, aerodrome.admin, w=await aerodrome.make_workspace())
    return made


async def sample(talk: Talk) -> dict[str, Any]:
    """Return the next sample."""
    frame = await talk.frame()
    (found,) = frame["payload"]["data"]["deploymentStatus"]["result"]
    assert isinstance(found["value"][0], int)
    return {**found["metric"], "value": found["value"][1]}


async def until_state(talk: Talk, state: State) -> dict[str, Any]:
    """Return the sample with a state; no two in a row are alike."""
    before: dict[str, Any] = {}
    while (found := await sample(talk))["state"] != state:
        assert found != before
        before = found
    return found


@pytest.mark.parametrize("protocol", [LEGACY, TRANSPORT])
async def test_it_is_told_at_once_and_whenever_it_changes(aerodrome: Aerodrome, protocol: str) -> None:
    made = await created(aerodrome)
    async with talking(aerodrome, protocol) as talk:
        await talk.start("1", STATUS, r=made["releaseName"])
        up = await until_state(talk, State.HEALTHY)
        assert up == {"deployment": made["releaseName"], "status": "active", "state": "HEALTHY", "value": "1"}
        await aerodrome.data(HIBERNATE, aerodrome.admin, d=made["id"])
        assert (await until_state(talk, State.HIBERNATED))["value"] == "0"
        await aerodrome.data(DELETE, aerodrome.admin, d=made["id"])
        assert (await talk.frame())["type"] == "complete"


async def test_what_is_not_there_or_not_seen_is_not_found(aerodrome: Aerodrome) -> None:
    made = await created(aerodrome)
    _, stranger = await aerodrome.make_user("stranger@example.com")
    for token, name in ((stranger, made["releaseName"]), (aerodrome.admin, "none-such-0000")):
        async with talking(aerodrome, TRANSPORT, token) as talk:
            await talk.start("1", STATUS, r=name)
            (error,) = (await talk.frame())["payload"]["errors"]
            assert error["message"] == "The requested resource was not found"
            assert (await talk.frame())["type"] == "complete"


async def test_it_ends_with_the_right_to_see_it(aerodrome: Aerodrome) -> None:
    made = await created(aerodrome)
    user, token = await aerodrome.make_user("viewer@example.com")
    bind = (
        'mutation ($d: Id!) { deploymentAddUserRole(deploymentId: $d, email: "viewer@example.com", '
        "role: DEPLOYMENT_VIEWER) { id } }"
    )
    await aerodrome.data(bind, aerodrome.admin, d=made["id"])
    async with talking(aerodrome, TRANSPORT, token) as talk:
        await talk.start("1", STATUS, r=made["releaseName"])
        await sample(talk)
        unbind = (
            "mutation ($d: Id!, $u: Id) { deploymentRemoveUserRole(deploymentId: $d, userId: $u, "
            'email: "viewer@example.com") { id } }'
        )
        await aerodrome.data(unbind, aerodrome.admin, d=made["id"], u=user)
        assert await talk.closed() == 4403


async def test_a_socket_knows_by_which_address_it_is_reached(aerodrome: Aerodrome) -> None:
    made = await created(aerodrome)
    async with talking(aerodrome, TRANSPORT) as talk:
        await talk.start("1", "query ($d: String) { deployment(where: {id: $d}) { urls { type url } } }", d=made["id"])
        (url,) = [
            each
            for each in (await talk.frame())["payload"]["data"]["deployment"]["urls"]
            if each["type"] == "dagserver"
        ]
        assert url["url"] == f"http://127.0.0.1:8871/v1/deployments/{made['id']}/dags"
