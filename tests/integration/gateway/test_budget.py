"""Documents that ask for far more than they look like, through the whole product."""

import asyncio
import time
from typing import Any

import pytest

from services.gateway.rows import TOO_MANY
from tests.integration.gateway.whole import Aerodrome

pytestmark = pytest.mark.asyncio(loop_scope="module")

WORKSPACES = 30
QUICK_S = 10.0
NESTED = "roleBindings { user { roleBindings { user { roleBindings { user { roleBindings { id } } } } } } }"


async def _many_workspaces(aerodrome: Aerodrome) -> None:
    await asyncio.gather(*(aerodrome.make_workspace() for _ in range(WORKSPACES)))


async def test_an_answer_of_too_many_items_is_refused_quickly(aerodrome: Aerodrome) -> None:
    await _many_workspaces(aerodrome)
    body = {"query": f"{{ self {{ user {{ {NESTED} }} }} }}"}
    began = time.monotonic()
    asked = asyncio.create_task(aerodrome.door.post(body, headers={"Authorization": aerodrome.admin}))
    while not asked.done():
        async with asyncio.timeout(QUICK_S), aerodrome.door.session.get(f"{aerodrome.door.url}/healthz") as healthy:
            assert healthy.status == 200
    status, answer = await asked
    assert time.monotonic() - began < QUICK_S
    assert status == 400
    assert "data" not in answer
    (error,) = answer["errors"]
    assert (error["message"], error["extensions"]["code"]) == (TOO_MANY, "BAD_USER_INPUT")


async def test_a_command_whose_answer_is_too_long_is_told_as_done(aerodrome: Aerodrome) -> None:
    await _many_workspaces(aerodrome)
    document = f'mutation {{ createWorkspace(label: "long") {{ id invites {{ id }} {NESTED} }} }}'
    answer = await aerodrome.door.run(document, aerodrome.admin)
    (error,) = answer["errors"]
    assert (error["message"], error["extensions"]["code"]) == (TOO_MANY, "BAD_USER_INPUT")
    assert error["path"][:2] == ["createWorkspace", "roleBindings"]
    made = answer["data"]["createWorkspace"]
    found = await aerodrome.data(
        "query ($w: Uuid) { workspaces(workspaceUuid: $w) { id } }", aerodrome.admin, w=made["id"]
    )
    assert found == [{"id": made["id"]}]


async def test_a_batch_has_one_budget(aerodrome: Aerodrome) -> None:
    costly = {"query": "{ __schema { types { name } } }"}
    batch: list[Any] = [costly, costly, costly, costly, {"query": "{ __typename }"}]
    _, answers = await aerodrome.door.post(batch, headers={"Authorization": aerodrome.admin})
    assert [sorted(each) for each in answers] == [["data"], ["data"], ["data"], ["errors"], ["errors"]]
    assert answers[3]["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert "costs" in answers[3]["errors"][0]["message"]


async def test_a_wrong_value_is_named_and_not_repeated(aerodrome: Aerodrome) -> None:
    document = 'mutation ($password: String!) { createToken(identity: "a", password: $password) { token { value } } }'
    answer = await aerodrome.door.run(document, password={"secret": "EchoedPassw0rd"})
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["message"] == "Variable '$password' has invalid value: String cannot represent a non string value"


@pytest.mark.parametrize("levels", [70, 150, 250, 480, 900])
async def test_deep_json_is_refused_shortly_wherever_it_stands(aerodrome: Aerodrome, levels: int) -> None:
    workspace = await aerodrome.make_workspace()
    deep: Any = 1
    for _ in range(levels):
        deep = {"a": deep}
    create = 'createDeployment(label: "deep", type: "airflow", workspaceUuid: $w, config: %s) { id }'
    literal = f"mutation ($w: Uuid!) {{ {create % ('{a: ' * levels + '1' + '}' * levels)} }}"
    sent = f"mutation ($w: Uuid!, $c: JSON) {{ {create % '$c'} }}"
    for answer in (
        await aerodrome.door.run(literal, aerodrome.admin, w=workspace),
        await aerodrome.door.run(sent, aerodrome.admin, w=workspace, c=deep),
    ):
        (error,) = answer["errors"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert "nested" in error["message"]
        assert len(error["message"]) < 100
