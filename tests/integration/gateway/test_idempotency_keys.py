"""Idempotency-Keys that can't tell a repeat."""

from uuid import uuid4

import pytest

from tests.integration.gateway.whole import Aerodrome

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("key", ["k" * 256, "two words", "schlüssel", ""])
async def test_an_unusable_key_is_bad_input_and_nothing_happens(aerodrome: Aerodrome, key: str) -> None:
    label = uuid4().hex
    body = {"query": f'mutation {{ createWorkspace(label: "{label}") {{ id }} }}'}
    headers = {"Authorization": aerodrome.admin, "Idempotency-Key": key}
    _, answer = await aerodrome.door.post(body, headers=headers)
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    found = await aerodrome.data("query ($l: String) { workspaces(label: $l) { id } }", aerodrome.admin, l=label)
    assert found == []


async def test_a_key_of_the_greatest_length_is_fine(aerodrome: Aerodrome) -> None:
    body = {"query": 'mutation { createWorkspace(label: "x") { id } }'}
    headers = {"Authorization": aerodrome.admin, "Idempotency-Key": uuid4().hex.ljust(255, "k")}
    _, answer = await aerodrome.door.post(body, headers=headers)
    assert "errors" not in answer


async def test_who_is_out_of_a_workspace_gets_no_news_of_it_by_an_old_key(aerodrome: Aerodrome) -> None:
    email = f"{uuid4().hex}@example.com"
    _, token = await aerodrome.make_user(email)
    created = {"query": 'mutation { createWorkspace(label: "mine") { id label } }'}
    headers = {"Authorization": token, "Idempotency-Key": uuid4().hex}
    _, first = await aerodrome.door.post(created, headers=headers)
    assert (await aerodrome.door.post(created, headers=headers))[1] == first
    place = first["data"]["createWorkspace"]["id"]

    rename = (
        "mutation ($w: Uuid!, $l: String!) { updateWorkspace(workspaceUuid: $w, payload: { label: $l }) { label } }"
    )
    await aerodrome.data(rename, token, w=place, l="ours")
    _, again = await aerodrome.door.post(created, headers=headers)
    assert again["data"]["createWorkspace"] == {"id": place, "label": "ours"}

    remove = "mutation ($w: Uuid!, $e: String!) { workspaceRemoveUser(workspaceUuid: $w, email: $e) { id } }"
    await aerodrome.data(remove, aerodrome.admin, w=place, e=email)
    await aerodrome.data(rename, aerodrome.admin, w=place, l="secret")
    _, refused = await aerodrome.door.post(created, headers=headers)
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert "secret" not in str(refused)
