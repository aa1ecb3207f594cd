"""Things asked for at the same instant over HTTP, of a fresh product: one wins, and the others are told why."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from pydantic import SecretStr

from services.cli.folder import DataFolder
from services.identity.contract import Authenticate, Role
from services.invites.contract import CreateInvite
from shared.bus.client import Bus
from shared.bus.context import Context
from shared.settings import BusSettings
from tests.acceptance.client import JSON, GraphQLFailed, Houston
from tests.acceptance.conftest import PASSWORD, SIGN_UP
from tests.acceptance.stack import Stack, running_in

ROUNDS = 3
CLOSED = (
    "Public sign ups are disabled, a valid inviteToken is required to login to the platform. "
    "Public sign ups can be enabled via configuration change."
)
NOT_ALLOWED = "You do not have the appropriate permissions for that"
LAST_ADMIN = "There are no other system administrators. Please assign another before removing yourself."
SELF = "{ self { isAdmin user { id roleBindings { role } } } }"
INVITE = "mutation ($email: String!) { inviteUser(email: $email) { id email createdAt } }"
WORKSPACE = "mutation ($label: String!) { createWorkspace(label: $label) { id label createdAt } }"
DEPLOYMENT = """mutation ($workspace: Uuid!, $label: String!) {
  createDeployment(workspaceUuid: $workspace, type: "airflow", label: $label) { id label releaseName createdAt }
}"""
KEY = 'mutation { createServiceAccount(label: "ci", entityType: SYSTEM) { id apiKey createdAt } }'
ADD = """mutation ($workspace: Uuid!, $email: String!) {
  workspaceAddUser(workspaceUuid: $workspace, email: $email, role: WORKSPACE_EDITOR) { id }
}"""
REMOVE = "mutation ($user: Uuid!) { removeUser(userUuid: $user) { id } }"
ROLES = "query ($email: String!) { users(email: $email) { roleBindings { role workspace { id } } } }"


@dataclass
class Fresh:
    """A product of this file's own; `tokens` are those of its administrators, the first of them there to stay."""

    stack: Stack
    first: list[Any] = field(default_factory=list[Any])
    tokens: list[str] = field(default_factory=list[str])


async def at_once(*asked: Any) -> tuple[list[Any], list[GraphQLFailed]]:
    """Return data and refusals of what is asked at the same instant; any other failure is raised."""
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    refused = [each for each in outcomes if isinstance(each, GraphQLFailed)]
    won = [each for each in outcomes if not isinstance(each, GraphQLFailed)]
    for each in won:
        if isinstance(each, BaseException):
            raise each
    return won, refused


def new_email(name: str) -> str:
    """Return an address that nobody has."""
    return f"{name}-{uuid4().hex[:8]}@example.com"


@pytest.fixture(scope="module")
def fresh(quick_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fresh]:
    """Start a product whose first two users sign up at the same instant."""

    async def race(stack: Stack) -> list[Any]:
        async with aiohttp.ClientSession() as session:
            anonymous = Houston(stack.url, session)
            emails = ("ann@example.com", "bob@example.com")
            asked = (anonymous.run(SIGN_UP, {"email": email, "password": PASSWORD}) for email in emails)
            return list(await asyncio.gather(*asked, return_exceptions=True))

    with running_in(quick_folder, tmp_path_factory.mktemp("fresh")) as stack:
        first = asyncio.run(race(stack))
        tokens = [each["createUser"]["token"]["value"] for each in first if not isinstance(each, BaseException)]
        yield Fresh(stack, first, tokens)


@pytest.fixture
async def anonymous(fresh: Fresh) -> AsyncIterator[Houston]:
    """Give a client without a credential."""
    async with aiohttp.ClientSession() as session:
        yield Houston(fresh.stack.url, session)


@pytest.fixture
def admin(fresh: Fresh, anonymous: Houston) -> Houston:
    """Give the client of an administrator."""
    return anonymous.as_(fresh.tokens[0])


async def second_admin(stack: Stack, admin: Houston, anonymous: Houston) -> str:
    """Return the token of another administrator.

    No document of Houston's invites to a system role, so this sends the command that carries one, as the gateway.
    """
    folder, email = DataFolder(stack.data), new_email("second")
    password = SecretStr(folder.secrets().nats["gateway"])
    settings = BusSettings(nats_url=folder.state().nats_url, nats_user="gateway", nats_password=password)
    bus = await Bus.connect(settings, name="races")
    try:
        asker = (await bus.ask(Authenticate(token=admin.authorization), Context.first())).value.principal
        await bus.ask(CreateInvite(email=email, role=Role.SYSTEM_ADMIN), Context.first(asker))
    finally:
        await bus.close()
    token = await stack.mailed_token(email)
    signed = await anonymous.run(SIGN_UP, {"email": email, "password": PASSWORD, "token": token})
    return str(signed["createUser"]["token"]["value"])


async def test_of_two_first_sign_ups_one_becomes_the_administrator(fresh: Fresh, admin: Houston) -> None:
    (refused,) = [each for each in fresh.first if isinstance(each, GraphQLFailed)]
    (won,) = [each for each in fresh.first if not isinstance(each, BaseException)]
    assert (refused.messages, refused.codes) == ([CLOSED], ["INTERNAL_SERVER_ERROR"])
    himself = (await admin.run(SELF))["self"]
    assert himself["isAdmin"]
    assert himself["user"] == {"id": won["createUser"]["user"]["id"], "roleBindings": [{"role": "SYSTEM_ADMIN"}]}


async def test_of_two_sign_ups_with_one_token_one_wins(fresh: Fresh, anonymous: Houston, admin: Houston) -> None:
    for _ in range(ROUNDS):
        email = new_email("jane")
        await admin.run(INVITE, {"email": email})
        variables = {"email": email, "password": PASSWORD, "token": await fresh.stack.mailed_token(email)}
        (signed,), (refused,) = await at_once(*(anonymous.run(SIGN_UP, variables) for _ in range(2)))
        # Who comes while the other is being let in learns of the address, who comes after that finds the token used.
        assert (refused.messages[0], refused.codes[0]) in {
            ("Email address in use", "DUPLICATE_EMAIL"),
            ("Invite token not found", "BAD_USER_INPUT"),
        }
        found = await admin.run("query ($email: String!) { users(email: $email) { id status } }", {"email": email})
        assert found["users"] == [{"id": signed["createUser"]["user"]["id"], "status": "active"}]


@pytest.mark.parametrize("thing", ["workspace", "invite", "deployment"])
async def test_four_repeats_of_one_key_at_once_have_one_effect_and_one_answer(admin: Houston, thing: str) -> None:
    label, email = f"once {uuid4().hex[:8]}", new_email("kim")
    workspace = (await admin.run(WORKSPACE, {"label": f"of {label}"}))["createWorkspace"]["id"]
    document, variables, listed = {
        "workspace": (WORKSPACE, {"label": label}, "{ workspaces { id label } }"),
        "invite": (INVITE, {"email": email}, "{ invites { id label: email } }"),
        "deployment": (DEPLOYMENT, {"workspace": workspace, "label": label}, "{ deployments { id label } }"),
    }[thing]
    answers, refused = await repeated(admin, document, variables)
    assert refused == []
    assert all(answer == answers[0] for answer in answers)
    (rows,) = (await admin.run(listed)).values()
    (made,) = answers[0].values()
    assert [row["id"] for row in rows if row["label"] in {label, email}] == [made["id"]]


async def test_four_repeats_of_a_refused_key_at_once_are_refused_alike(admin: Houston) -> None:
    email = new_email("lee")
    await admin.run(INVITE, {"email": email})
    answers, refused = await repeated(admin, INVITE, {"email": email})
    assert answers == []
    assert [each.codes for each in refused] == [["USER_ALREADY_INVITED"]] * 4


async def test_of_four_repeats_that_make_a_key_one_shows_it(anonymous: Houston, admin: Houston) -> None:
    answers, refused = await repeated(admin, KEY, {})
    assert refused == []
    made = [answer["createServiceAccount"] for answer in answers]
    assert len({row["id"] for row in made}) == 1
    (clear,) = [row["apiKey"] for row in made if re.fullmatch("[0-9a-f]{32}", row["apiKey"])]
    assert {row["apiKey"] for row in made} == {clear, clear[:6].ljust(32, "*")}
    assert (await anonymous.as_(clear).run("{ self { isAdmin } }"))["self"]["isAdmin"]


async def test_of_two_administrators_who_remove_each_other_one_stays(fresh: Fresh, anonymous: Houston) -> None:
    for _ in range(ROUNDS):
        first = anonymous.as_(fresh.tokens[0])
        second = anonymous.as_(await second_admin(fresh.stack, first, anonymous))
        ids = [(await each.run(SELF))["self"]["user"]["id"] for each in (first, second)]
        won, (refused,) = await at_once(first.run(REMOVE, {"user": ids[1]}), second.run(REMOVE, {"user": ids[0]}))
        assert refused.messages[0] in {NOT_ALLOWED, LAST_ADMIN}  # both are true by then
        removed = won[0]["removeUser"]["id"]
        stays, gone = (first, second) if removed == ids[1] else (second, first)
        assert (await stays.run(SELF))["self"]["isAdmin"]
        with pytest.raises(GraphQLFailed):
            await gone.run(SELF)
        fresh.tokens[0] = stays.authorization


async def test_adding_a_member_twice_at_once_binds_once(fresh: Fresh, anonymous: Houston, admin: Houston) -> None:
    for _ in range(ROUNDS):
        workspace = (await admin.run(WORKSPACE, {"label": "of many"}))["createWorkspace"]["id"]
        email = new_email("pat")
        await admin.run(INVITE, {"email": email})
        token = await fresh.stack.mailed_token(email)
        await anonymous.run(SIGN_UP, {"email": email, "password": PASSWORD, "token": token})
        variables = {"workspace": workspace, "email": email}
        (added,), (refused,) = await at_once(*(admin.run(ADD, variables) for _ in range(2)))
        assert added["workspaceAddUser"]["id"] == workspace
        assert (refused.messages, refused.codes) == (["A duplicate role binding already exists"], ["BAD_USER_INPUT"])
        (user,) = (await admin.run(ROLES, {"email": email}))["users"]
        assert user["roleBindings"] == [{"role": "WORKSPACE_EDITOR", "workspace": {"id": workspace}}]


async def test_adding_a_stranger_twice_at_once_invites_once(admin: Houston) -> None:
    workspace = (await admin.run(WORKSPACE, {"label": "of strangers"}))["createWorkspace"]["id"]
    variables = {"workspace": workspace, "email": new_email("sam")}
    (_,), (refused,) = await at_once(*(admin.run(ADD, variables) for _ in range(2)))
    assert (refused.messages, refused.codes) == (["User already invited"], ["USER_ALREADY_INVITED"])
    document = "query ($w: Uuid) { invites(workspaceUuid: $w) { email } }"
    async with asyncio.timeout(10):  # the record is written behind identity's event, after the answer
        while not (rows := (await admin.run(document, {"w": workspace}))["invites"]):
            await asyncio.sleep(0.02)
    assert rows == [{"email": variables["email"]}]


async def repeated(client: Houston, document: str, variables: JSON) -> tuple[list[Any], list[GraphQLFailed]]:
    """Send one document four times at once under one new Idempotency-Key."""
    headers = {"Idempotency-Key": uuid4().hex}
    return await at_once(*(client.run(document, variables, headers) for _ in range(4)))
