"""The session of a real Houston user, with the documents that user has, over HTTP against separate processes."""

import re
from uuid import uuid4

import pytest

from tests.acceptance.client import GraphQLFailed, Houston
from tests.acceptance.conftest import PASSWORD, SIGN_IN, SIGN_UP
from tests.acceptance.stack import Stack

KEY = 'mutation { createServiceAccount(label: "ci", entityType: SYSTEM, role: SYSTEM_ADMIN) { id apiKey } }'
INVITE = 'mutation inviteUser { inviteUser(email: "%s") { id } }'
USER = 'query User { users(user: { email: "%s" }) { id username status } }'
ADD = 'mutation { workspaceAddUser(workspaceUuid: "%s", email: "%s", role: WORKSPACE_VIEWER) { id } }'
ROLE = """mutation workspaceUpdateUserRole {
  workspaceUpdateUserRole(workspaceUuid: "%s", email: "%s", role: WORKSPACE_EDITOR)
}"""
REMOVE = 'mutation removeUser { removeUser(userUuid: "%s") { id } }'


@pytest.mark.parametrize(
    ("header", "form"), [("Authorization", "{}"), ("Authorization", "Bearer {}"), ("Authentication", "{}")]
)
async def test_an_existing_users_documents_work_with_a_key(
    stack: Stack, anonymous: Houston, admin: Houston, header: str, form: str
) -> None:
    key = (await admin.run(KEY))["createServiceAccount"]["apiKey"]
    assert re.fullmatch("[0-9a-f]{32}", key)
    script = anonymous.as_(form.format(key), header=header)
    jane = f"jane-{uuid4().hex[:8]}@example.com"
    workspace = (await admin.run('mutation { createWorkspace(label: "analytics") { id } }'))["createWorkspace"]["id"]

    assert (await script.run(INVITE % jane))["inviteUser"]["id"]
    assert (await script.run(USER % jane))["users"] == []  # an invited person shows under `invites` only

    token = await stack.mailed_token(jane)
    signed = (await anonymous.run(SIGN_UP, {"email": jane, "password": PASSWORD, "token": token}))["createUser"]
    assert signed["user"]["status"] == "active"
    assert signed["token"]["value"]
    user_id = signed["user"]["id"]
    assert (await script.run(USER % jane))["users"] == [{"id": user_id, "username": jane, "status": "active"}]

    await script.run(ADD % (workspace, jane))
    assert await script.run(ROLE % (workspace, jane)) == {"workspaceUpdateUserRole": "WORKSPACE_EDITOR"}
    signed_in = (await anonymous.run(SIGN_IN, {"identity": jane, "password": PASSWORD}))["createToken"]
    herself = anonymous.as_(signed_in["token"]["value"])
    mine = await herself.run("{ workspaces { id label roleBindings { role user { id } } } }")
    assert {"role": "WORKSPACE_EDITOR", "user": {"id": user_id}} in mine["workspaces"][0]["roleBindings"]

    assert (await script.run(REMOVE % user_id))["removeUser"] == {"id": user_id}
    assert (await script.run(USER % jane))["users"] == []
    with pytest.raises(GraphQLFailed) as refused:
        await herself.run("{ self { user { id } } }")
    assert refused.value.messages == ["You do not have the appropriate permissions for that"]


async def test_inviting_twice_and_inviting_a_member_answer_as_houston(stack: Stack, admin: Houston) -> None:
    email = f"kim-{uuid4().hex[:8]}@example.com"
    await admin.run(INVITE % email)
    with pytest.raises(GraphQLFailed) as twice:
        await admin.run(INVITE % email)
    assert (twice.value.messages, twice.value.codes) == (["User already invited"], ["USER_ALREADY_INVITED"])
    with pytest.raises(GraphQLFailed) as member:
        await admin.run(INVITE % stack.admin_email)
    assert (member.value.messages, member.value.codes) == (["Email address in use"], ["DUPLICATE_EMAIL"])


async def test_an_idempotency_key_makes_a_mutation_happen_once(admin: Houston) -> None:
    label, key = f"once-{uuid4().hex[:8]}", {"Idempotency-Key": uuid4().hex}
    create = "mutation ($label: String!) { createWorkspace(label: $label) { id } }"
    first = await admin.run(create, {"label": label}, key)
    assert await admin.run(create, {"label": label}, key) == first
    found = await admin.run("query ($label: String) { workspaces(label: $label) { id } }", {"label": label})
    assert [row["id"] for row in found["workspaces"]] == [first["createWorkspace"]["id"]]
