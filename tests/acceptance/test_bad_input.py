"""Bad input over real HTTP: an error in the contract's form, nothing stored, nothing leaked."""

import io
import json
from typing import Any
from uuid import uuid4

import pytest

from tests.acceptance.client import GraphQLFailed, Houston
from tests.acceptance.conftest import PASSWORD, SIGN_UP
from tests.acceptance.stack import Stack

NOT_ALLOWED = "You do not have the appropriate permissions for that"


async def posted(client: Houston, body: bytes) -> tuple[int, dict[str, Any]]:
    headers = {"Content-Type": "application/json", "Authorization": client.authorization}
    async with client.session.post(f"{client.url}/v1", data=io.BytesIO(body), headers=headers) as response:
        return response.status, json.loads(await response.text())


@pytest.mark.parametrize("body", [b"{", b"[1", b"\xff\xfe", b"null", b'"x"', b"{}", b'{"query": 5}', b'{"query": "{"}'])
async def test_a_malformed_body_is_400_in_the_error_form(admin: Houston, body: bytes) -> None:
    status, answer = await posted(admin, body)
    assert status == 400
    assert answer["errors"][0]["extensions"]["code"]
    assert "Traceback" not in json.dumps(answer)


async def test_an_oversized_body_is_413(admin: Houston) -> None:
    status, answer = await posted(admin, json.dumps({"query": "{ self { isAdmin } }", "x": "y" * 2**20}).encode())
    assert status == 413
    assert answer["errors"][0]["message"]


@pytest.mark.parametrize(
    "document",
    [
        "{ self { nothing } }",
        "mutation { createWorkspace(label: 5) { id } }",
        "mutation { createWorkspace { id } }",
        "{ " + "workspaces { roleBindings { user { " * 12 + "id" + " } } }" * 12 + " }",
        "{ " + " ".join(f"a{n}: workspaces {{ id users {{ id roleBindings {{ role }} }} }}" for n in range(400)) + " }",
    ],
)
async def test_a_document_that_is_wrong_too_deep_or_too_costly_is_400(admin: Houston, document: str) -> None:
    status, answer = await admin.answer(document)
    assert status == 400
    assert answer["errors"]
    assert "data" not in answer or answer["data"] is None


async def test_an_unknown_field_is_named_as_clients_expect(admin: Houston) -> None:
    _, answer = await admin.answer("{ self { nothing } }")
    assert "Cannot query field" in answer["errors"][0]["message"]


@pytest.mark.parametrize(
    "document",
    [
        'mutation { updateWorkspace(workspaceUuid: "cnone", payload: {label: "x"}) { id } }',
        'mutation { deleteWorkspace(workspaceUuid: "cnone") { id } }',
        'mutation { removeUser(userUuid: "cnone") { id } }',
        'mutation { deleteServiceAccount(serviceAccountUuid: "cnone") { id } }',
        'mutation { deleteInviteToken(inviteUuid: "cnone") { id } }',
        'mutation { deleteDeployment(deploymentUuid: "cnone") { id } }',
        'mutation { createDeployment(workspaceUuid: "cnone", type: "airflow", label: "x") { id } }',
        '{ deployments(deploymentUuid: "cnone") { id } }',
    ],
)
async def test_ids_that_do_not_exist_are_not_found(admin: Houston, document: str) -> None:
    with pytest.raises(GraphQLFailed) as failed:
        await admin.run(document)
    assert failed.value.codes == ["RESOURCE_NOT_FOUND"]
    assert failed.value.messages == ["The requested resource was not found"]


@pytest.mark.parametrize("text", ["nul\u0000", "lone \ud800"])
async def test_text_that_no_database_can_hold_is_refused(admin: Houston, text: str) -> None:
    body = json.dumps(
        {"query": "mutation ($l: String!) { createWorkspace(label: $l) { id } }", "variables": {"l": text}}
    )
    _, answer = await posted(admin, body.encode())
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("token", ["", "0" * 32, "a.b.c", "Bearer", "x" * 5000, "é" * 32])
async def test_expired_and_forged_tokens_may_do_nothing(anonymous: Houston, token: str) -> None:
    with pytest.raises(GraphQLFailed) as failed:
        await anonymous.as_(token.encode().decode("latin-1")).run("{ self { user { id } } }")
    assert (failed.value.messages, failed.value.codes) == ([NOT_ALLOWED], ["FORBIDDEN"])


async def stranger(stack: Stack, admin: Houston) -> Houston:
    """Return a signed-in user without any role."""
    email = f"stranger-{uuid4().hex[:8]}@example.com"
    await admin.run("mutation ($email: String!) { inviteUser(email: $email) { id } }", {"email": email})
    variables = {"email": email, "password": PASSWORD, "token": await stack.mailed_token(email)}
    signed = await admin.as_("").run(SIGN_UP, variables)
    return admin.as_(signed["createUser"]["token"]["value"])


@pytest.mark.parametrize(
    "document",
    [
        'mutation { updateWorkspace(workspaceUuid: "%s", payload: {label: "mine"}) { id } }',
        'mutation { deleteWorkspace(workspaceUuid: "%s") { id } }',
        'mutation { workspaceAddUser(workspaceUuid: "%s", email: "x@example.com") { id } }',
        'mutation { workspaceUpdateUserRole(workspaceUuid: "%s", email: "admin@example.com", role: WORKSPACE_VIEWER) }',
        'mutation { createDeployment(workspaceUuid: "%s", type: "airflow", label: "x") { id } }',
        'mutation { createServiceAccount(label: "k", entityType: WORKSPACE, entityUuid: "%s") { id } }',
        '{ deployments(workspaceUuid: "%s") { id } }',
        '{ invites(workspaceUuid: "%s") { id } }',
        '{ serviceAccounts(entityType: WORKSPACE, entityUuid: "%s") { id } }',
    ],
)
async def test_anothers_objects_are_refused_and_unchanged(stack: Stack, admin: Houston, document: str) -> None:
    made = await admin.run('mutation { createWorkspace(label: "secret plans") { id label updatedAt } }')
    workspace = made["createWorkspace"]
    with pytest.raises(GraphQLFailed) as failed:
        await (await stranger(stack, admin)).run(document.replace("%s", workspace["id"]))
    assert failed.value.codes[0] in {"FORBIDDEN", "RESOURCE_NOT_FOUND"}
    assert "secret plans" not in json.dumps(failed.value.answer)
    query = "query ($id: Uuid) { workspaces(workspaceUuid: $id) { id label updatedAt } }"
    assert (await admin.run(query, {"id": workspace["id"]}))["workspaces"] == [workspace]
