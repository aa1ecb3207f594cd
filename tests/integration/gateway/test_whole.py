"""Documents of real users through the gateway and every service behind it."""

import asyncio
import json
from uuid import uuid4

import asyncpg
import pytest

from services.gateway.schema import build_schema
from tests.integration.gateway.root_fields import ROOT_FIELDS
from tests.integration.gateway.whole import Aerodrome
from tests.integration.invites.installation import PASSWORD

NOT_ALLOWED = ("You do not have the appropriate permissions for that", "FORBIDDEN")
NOT_FOUND = ("The requested resource was not found", "RESOURCE_NOT_FOUND")
pytestmark = pytest.mark.asyncio(loop_scope="module")


def somebody() -> str:
    """Return an address that no other test uses."""
    return f"person-{uuid4().hex[:8]}@example.com"


async def test_the_session_of_a_real_user(aerodrome: Aerodrome) -> None:
    key = await aerodrome.make_key()
    workspace = await aerodrome.make_workspace()
    jane = somebody()
    user_id, token = await aerodrome.make_user(jane)
    search = f'query User {{ users(user: {{ email: "{jane}" }}) {{ id username status }} }}'
    assert await aerodrome.data(search, key) == [{"id": user_id, "username": jane, "status": "active"}]
    add = "mutation ($w: Uuid, $e: String!) { workspaceAddUser(workspaceUuid: $w, email: $e) { id users { id } } }"
    added = await aerodrome.data(add, key, w=workspace, e=jane)
    assert {"id": user_id} in added["users"]
    change = (
        "mutation ($w: Uuid!, $e: String!) { workspaceUpdateUserRole(workspaceUuid: $w, email: $e, "
        "role: WORKSPACE_EDITOR) }"
    )
    assert await aerodrome.data(change, key, w=workspace, e=jane) == "WORKSPACE_EDITOR"
    mine = await aerodrome.data("{ workspaces { roleBindings { role user { id } } } }", token)
    assert {"role": "WORKSPACE_EDITOR", "user": {"id": user_id}} in mine[0]["roleBindings"]
    remove = "mutation removeUser ($u: Uuid) { removeUser(userUuid: $u) { id username emails { address } } }"
    removed = await aerodrome.data(remove, key, u=user_id)
    assert removed == {"id": user_id, "username": jane, "emails": [{"address": jane}]}
    assert await aerodrome.data(search, key) == []
    assert await aerodrome.refused("{ self { user { id } } }", token) == NOT_ALLOWED


@pytest.mark.parametrize("header", ["Authorization", "Authentication"])
@pytest.mark.parametrize("form", ["{}", "Bearer {}", "bearer {}"])
async def test_a_key_and_a_token_go_raw_or_as_bearer(aerodrome: Aerodrome, header: str, form: str) -> None:
    for token in (aerodrome.admin, await aerodrome.make_key()):
        headers = {header: form.format(token)}
        _, answer = await aerodrome.door.post({"query": "{ self { isAdmin } }"}, headers=headers)
        assert answer == {"data": {"self": {"isAdmin": True}}}


@pytest.mark.parametrize("token", ["0" * 32, "a.b.c", "Bearer", "x" * 5_000, "Basic eDp5"])
async def test_a_token_that_is_none_may_do_nothing(aerodrome: Aerodrome, token: str) -> None:
    assert await aerodrome.refused("{ self { isAdmin } }", token) == NOT_ALLOWED


async def test_a_token_that_was_tampered_with_may_do_nothing(aerodrome: Aerodrome) -> None:
    head, claims, signature = aerodrome.admin.split(".")
    forged = f"{head}.{claims}.{signature[::-1]}"
    assert await aerodrome.refused("{ self { isAdmin } }", forged) == NOT_ALLOWED


async def test_a_key_is_shown_once_and_masked_afterwards(aerodrome: Aerodrome) -> None:
    create = 'mutation { createServiceAccount(label: "ci", entityType: SYSTEM) { id apiKey roleBinding { role } } }'
    made = await aerodrome.data(create, aerodrome.admin)
    assert made["roleBinding"] == {"role": "SYSTEM_ADMIN"}
    by_key = "query ($k: String) { serviceAccounts(apiKey: $k) { id apiKey entityType entityUuid } }"
    (found,) = await aerodrome.data(by_key, aerodrome.admin, k=made["apiKey"])
    masked = made["apiKey"][:6] + "*" * 26
    assert found == {"id": made["id"], "apiKey": masked, "entityType": "SYSTEM", "entityUuid": None}
    delete = "mutation ($i: Uuid!) { deleteServiceAccount(serviceAccountUuid: $i) { id apiKey } }"
    assert await aerodrome.data(delete, aerodrome.admin, i=made["id"]) == {"id": made["id"], "apiKey": masked}
    assert await aerodrome.refused("{ self { isAdmin } }", made["apiKey"]) == NOT_ALLOWED


async def test_a_repeat_with_an_idempotency_key_happens_once_and_hides_the_secret(aerodrome: Aerodrome) -> None:
    headers = {"Authorization": aerodrome.admin, "Idempotency-Key": uuid4().hex}
    label = uuid4().hex
    body = {"query": f'mutation {{ createServiceAccount(label: "{label}", entityType: SYSTEM) {{ id apiKey }} }}'}
    _, first = await aerodrome.door.post(body, headers=headers)
    _, second = await aerodrome.door.post(body, headers=headers)
    made, again = first["data"]["createServiceAccount"], second["data"]["createServiceAccount"]
    assert again["id"] == made["id"]
    assert again["apiKey"] == made["apiKey"][:6] + "*" * 26
    listed = await aerodrome.data("{ serviceAccounts(entityType: SYSTEM) { id label } }", aerodrome.admin)
    assert [found["id"] for found in listed if found["label"] == label] == [made["id"]]


async def test_four_repeats_at_once_have_one_effect_and_equal_answers(aerodrome: Aerodrome) -> None:
    headers = {"Authorization": aerodrome.admin, "Idempotency-Key": uuid4().hex}
    label = uuid4().hex
    body = {"query": f'mutation {{ createWorkspace(label: "{label}") {{ id label createdAt }} }}'}
    answers = await asyncio.gather(*(aerodrome.door.post(body, headers=headers) for _ in range(4)))
    assert all(answer == answers[0] for answer in answers)
    found = await aerodrome.data("query ($l: String) { workspaces(label: $l) { id } }", aerodrome.admin, l=label)
    assert len(found) == 1


async def test_an_idempotency_key_with_another_wish_is_bad_input(aerodrome: Aerodrome) -> None:
    headers = {"Authorization": aerodrome.admin, "Idempotency-Key": uuid4().hex}
    document = "mutation ($l: String!) { createWorkspace(label: $l) { id } }"
    await aerodrome.door.post({"query": document, "variables": {"l": "a"}}, headers=headers)
    _, answer = await aerodrome.door.post({"query": document, "variables": {"l": "b"}}, headers=headers)
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_two_mutations_of_a_document_are_two_wishes_under_one_key(aerodrome: Aerodrome) -> None:
    headers = {"Authorization": aerodrome.admin, "Idempotency-Key": uuid4().hex}
    document = 'mutation { a: createWorkspace(label: "x") { id } b: createWorkspace(label: "x") { id } }'
    _, answer = await aerodrome.door.post({"query": document}, headers=headers)
    assert answer["data"]["a"]["id"] != answer["data"]["b"]["id"]


async def test_a_sign_in_sets_a_cookie_that_only_our_own_page_can_use(aerodrome: Aerodrome) -> None:
    door = aerodrome.door
    document = 'mutation ($p: String!) { createToken(identity: "admin@example.com", password: $p) { isAdmin } }'
    body = {"query": document, "variables": {"p": PASSWORD}}
    async with door.session.post(f"{door.url}/v1", json=body) as response:
        cookie = response.cookies["astronomer_127_0_0_1_auth"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/")
    sent = {"Cookie": f"{cookie.key}={cookie.value}"}
    for origin, allowed in ((door.url, True), ("https://evil.example.com", False), ("", False)):
        headers = {**sent, "Origin": origin} if origin else sent
        _, answer = await door.post({"query": "{ self { isAdmin } }"}, headers=headers)
        assert (answer["data"]["self"] is not None) is allowed


async def test_no_foreign_page_can_have_its_reader_signed_in_or_out(aerodrome: Aerodrome) -> None:
    door = aerodrome.door
    sign_in = 'createToken(identity: "admin@example.com", password: $p) { isAdmin }'
    for rest, value in (("", True), (" logout", False)):
        body = {"query": f"mutation ($p: String!) {{ {sign_in}{rest} }}", "variables": {"p": PASSWORD}}
        for origin, kept in ((door.url, True), ("https://evil.example.com", False), ("null", False)):
            async with door.session.post(f"{door.url}/v1", json=body, headers={"Origin": origin}) as response:
                assert (await response.json())["data"]["createToken"] == {"isAdmin": True}
                assert [bool(cookie.value) for cookie in response.cookies.values()] == ([value] if kept else [])


@pytest.mark.parametrize(
    "document",
    [
        'mutation { updateWorkspace(workspaceUuid: "cnone", payload: {label: "x"}) { id } }',
        'mutation { deleteWorkspace(workspaceUuid: "cnone") { id } }',
        'mutation { removeUser(id: "cnone") { id } }',
        'mutation { deleteServiceAccount(serviceAccountUuid: "cnone") { id } }',
        'mutation { deleteInviteToken(inviteUuid: "cnone") { id } }',
        'mutation { deleteDeployment(deploymentUuid: "cnone") { id } }',
        'mutation { createDeployment(workspaceUuid: "cnone", label: "x") { id } }',
        '{ deployments(deploymentUuid: "cnone") { id } }',
    ],
)
async def test_what_does_not_exist_is_not_found(aerodrome: Aerodrome, document: str) -> None:
    assert await aerodrome.refused(document, aerodrome.admin) == NOT_FOUND


async def test_a_stranger_sees_and_changes_nothing(aerodrome: Aerodrome) -> None:
    workspace = await aerodrome.make_workspace("secret plans")
    _, token = await aerodrome.make_user(somebody())
    query = "query ($w: Uuid) { workspaces(workspaceUuid: $w) { id label updatedAt users { id } } }"
    before = await aerodrome.data(query, aerodrome.admin, w=workspace)
    for document in (
        'mutation { updateWorkspace(workspaceUuid: "%s", payload: {label: "mine"}) { id } }',
        'mutation { deleteWorkspace(workspaceUuid: "%s") { id } }',
        'mutation { workspaceAddUser(workspaceUuid: "%s", email: "x@example.com") { id } }',
        'mutation { workspaceUpdateUserRole(workspaceUuid: "%s", email: "admin@example.com", role: WORKSPACE_VIEWER) }',
        'mutation { createDeployment(workspaceUuid: "%s", label: "x") { id } }',
        'mutation { createServiceAccount(label: "k", entityType: WORKSPACE, entityUuid: "%s") { id } }',
        '{ deployments(workspaceUuid: "%s") { id } }',
        '{ workspaces(workspaceUuid: "%s") { label } }',
        '{ invites(workspaceUuid: "%s") { id } }',
        '{ serviceAccounts(entityType: WORKSPACE, entityUuid: "%s") { id } }',
        "{ users { id } }",
        "{ invites { id } }",
        "{ serviceAccounts(entityType: SYSTEM) { id } }",
        'mutation { inviteUser(email: "x@example.com") { id } }',
        'mutation { createServiceAccount(label: "k", entityType: SYSTEM) { id } }',
    ):
        answer = await aerodrome.door.run(document.replace("%s", workspace), token)
        assert "errors" in answer, (document, answer)
        assert answer["errors"][0]["extensions"]["code"] in {"FORBIDDEN", "RESOURCE_NOT_FOUND"}, document
        assert "secret plans" not in json.dumps(answer)
    assert await aerodrome.data(query, aerodrome.admin, w=workspace) == before


async def test_a_new_workspace_is_seen_whole_in_the_answer_that_makes_it(aerodrome: Aerodrome) -> None:
    document = """mutation { createWorkspace(label: "x") {
      id uuid active users { username } roleBindings { role workspace { label } } invites { id } deploymentCount
    } }"""
    made = await aerodrome.data(document, aerodrome.admin)
    assert made["users"] == [{"username": "admin@example.com"}]
    assert made["roleBindings"] == [{"role": "WORKSPACE_ADMIN", "workspace": {"label": "x"}}]
    assert (made["uuid"], made["active"], made["invites"], made["deploymentCount"]) == (made["id"], True, [], 0)


async def test_an_added_stranger_is_seen_among_the_invites_at_once(aerodrome: Aerodrome) -> None:
    workspace = await aerodrome.make_workspace()
    document = (
        'mutation ($w: Uuid) { workspaceAddUser(workspaceUuid: $w, email: "%s", role: WORKSPACE_EDITOR) '
        "{ invites { email role workspace { id } } users { username } } }"
    )
    kim = somebody()
    added = await aerodrome.data(document.replace("%s", kim.upper()), aerodrome.admin, w=workspace)
    assert added["invites"] == [{"email": kim, "role": "WORKSPACE_EDITOR", "workspace": {"id": workspace}}]
    assert added["users"] == [{"username": "admin@example.com"}]


async def test_an_invitation_is_shown_as_it_was_when_it_is_withdrawn(aerodrome: Aerodrome) -> None:
    kim = somebody()
    create = "mutation ($e: String!) { createInviteToken(email: $e) { id uuid email } }"
    made = await aerodrome.data(create, aerodrome.admin, e=kim)
    assert made == {"id": made["id"], "uuid": made["id"], "email": kim}
    document = "mutation ($i: Uuid) { deleteInviteToken(inviteUuid: $i) { id email } }"
    assert await aerodrome.data(document, aerodrome.admin, i=made["id"]) == {"id": made["id"], "email": kim}
    left = await aerodrome.data("query ($e: String) { invites(email: $e) { id } }", aerodrome.admin, e=kim)
    assert left == []


async def test_a_workspace_with_a_deployment_stays_until_it_is_gone(aerodrome: Aerodrome) -> None:
    workspace = await aerodrome.make_workspace()
    create = 'mutation ($w: Uuid!) { createDeployment(workspaceUuid: $w, label: "prod") { id workspace { id } } }'
    made = await aerodrome.data(create, aerodrome.admin, w=workspace)
    assert made["workspace"] == {"id": workspace}
    message, code = await aerodrome.refused(create, aerodrome.admin, w=workspace)
    assert (message, code) == ("Workspace already has a deployment named prod", "BAD_USER_INPUT")
    delete = "mutation ($w: Uuid) { deleteWorkspace(workspaceUuid: $w) { label } }"
    message, _ = await aerodrome.refused(delete, aerodrome.admin, w=workspace)
    assert message == "You must first deprovision all deployments before you can delete your workspace."
    drop = "mutation ($d: Uuid) { deleteDeployment(deploymentUuid: $d, deploymentHardDelete: true) { label } }"
    assert await aerodrome.data(drop, aerodrome.admin, d=made["id"]) == {"label": "prod"}
    assert await aerodrome.data(delete, aerodrome.admin, w=workspace) == {"label": "analytics"}


async def test_a_level_of_the_answer_costs_one_message(aerodrome: Aerodrome) -> None:
    for number in range(3):
        await aerodrome.make_workspace(f"w{number}")
    async with aerodrome.overheard() as asked:
        document = "{ workspaces { users { id } roleBindings { role workspace { label } } deploymentCount } }"
        assert len(await aerodrome.data(document, aerodrome.admin)) >= 3
    assert sorted(asked) == [
        "deployments.query.deployments",
        "identity.query.authenticate",
        "identity.query.load_workspaces",
        "identity.query.service_accounts",
        "identity.query.team_bindings",
        "identity.query.workspace_members",
        "identity.query.workspaces",
    ]


@pytest.mark.parametrize("document", ROOT_FIELDS)
async def test_nobody_may_do_anything_but_sign_in_and_up(aerodrome: Aerodrome, document: str) -> None:
    assert await aerodrome.refused(document, "") == NOT_ALLOWED


async def test_every_root_field_is_among_those_that_nobody_may_use() -> None:
    schema = build_schema()
    assert schema.query_type
    assert schema.mutation_type
    public = {"createToken", "createUser", "authConfig", "logout", "confirmEmail", "resetPassword"}
    public |= {"forgotPassword", "resendConfirmation", "appConfig"}
    for name in {*schema.query_type.fields, *schema.mutation_type.fields} - public:
        assert any(f"{{ {name}" in document for document in ROOT_FIELDS), name


async def test_an_answer_is_stale_while_the_read_models_are_behind(aerodrome: Aerodrome) -> None:
    connection = await asyncpg.connect(aerodrome.installation.databases["identity"].admin_dsn)
    document = 'mutation { createWorkspace(label: "late") { id label } }'
    try:
        async with connection.transaction():
            await connection.execute("lock table read.workspaces in exclusive mode")
            answer = await aerodrome.door.run(document, aerodrome.admin)
    finally:
        await connection.close()
    assert answer["extensions"] == {"stale": True}
    assert answer["data"]["createWorkspace"]["label"] == "late"
    assert "errors" not in answer
