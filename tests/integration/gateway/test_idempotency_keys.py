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
