"""Inviting through the gateway: whom, again, twice, and to what is gone by then."""

import asyncio
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import NewDatabase
from tests.integration.gateway.whole import Aerodrome, whole
from tests.integration.invites.installation import PASSWORD, PUBLIC_URL
from tests.integration.invites.post_office import open_post_office, token_in
from tests.servers import NatsForTests

INVITE = "mutation ($e: String!) { inviteUser(email: $e) { id email } }"
CREATE_TOKEN = "mutation ($e: String!) { createInviteToken(email: $e) { id email } }"
ADD = (
    "mutation ($w: Uuid, $e: String!, $r: Role! = WORKSPACE_VIEWER) "
    "{ workspaceAddUser(workspaceUuid: $w, email: $e, role: $r) { invites { email role } } }"
)
UPDATE = (
    "mutation ($w: Uuid!, $e: String!) "
    "{ workspaceUpdateUserRole(workspaceUuid: $w, email: $e, role: WORKSPACE_EDITOR) }"
)
UPSERT = (
    "mutation ($w: Uuid!, $e: String!) { workspaceUpsertUserRole(workspaceUuid: $w, email: $e, role: WORKSPACE_ADMIN) }"
)
REMOVE = "mutation ($u: Uuid) { removeUser(userUuid: $u) { id } }"
SIGN_UP = (
    "mutation ($e: String!, $p: String!, $t: String) { createUser(email: $e, password: $p, inviteToken: $t) "
    "{ user { id status roleBindings { role workspace { id } } } token { value } } }"
)
SIGN_IN = "mutation ($i: String, $p: String!) { createToken(identity: $i, password: $p) { token { value } } }"
INVITES = "{ invites { id email role workspace { id } } }"
JANE = "jane@example.com"
IN_USE = ("Email address in use", "DUPLICATE_EMAIL")
INVITED = ("User already invited", "USER_ALREADY_INVITED")
DUPLICATE = ("A duplicate role binding already exists", "BAD_USER_INPUT")
NO_TOKEN = ("Invite token not found", "BAD_USER_INPUT")
NOT_FOUND = ("The requested resource was not found", "RESOURCE_NOT_FOUND")


@pytest.fixture
async def house(database: NewDatabase, nats_server: NatsForTests, private_folder: Path) -> AsyncGenerator[Aerodrome]:
    """An installation of a test's own."""
    async with (
        open_post_office(private_folder / "mail") as office,
        whole(database, nats_server, office) as made,
    ):
        yield made


async def mailed(house: Aerodrome, *, mails: int) -> str:
    """Return the token of the last of so many mails."""
    return token_in((await house.office.wait(mails=mails))[-1], below=PUBLIC_URL)


async def events(house: Aerodrome, *types: str) -> list[dict[str, Any]]:
    """Return what identity has stored of some types, in order."""
    rows = await house.installation.fetch(
        "identity",
        "select position, type_name, data, metadata::json ->> 'message_id' as entry from events"
        " where type_name = any($1::text[]) order by position",
        list(types),
    )
    return [{**dict(row), "data": json.loads(row["data"])} for row in rows]


async def test_a_removed_person_is_invited_again_and_only_the_new_link_lets_them_in(house: Aerodrome) -> None:
    first, old = await house.make_user(JANE)
    used = token_in(house.office.mails()[0], below=PUBLIC_URL)
    await house.data(REMOVE, house.admin, u=first)
    await house.data(INVITE, house.admin, e=JANE)
    new = await mailed(house, mails=2)
    assert await house.refused(SIGN_UP, "", e=JANE, p=PASSWORD, t=used) == NO_TOKEN
    signed = await house.data(SIGN_UP, "", e=JANE, p=PASSWORD, t=new)
    assert (signed["user"]["status"], signed["user"]["id"] != first) == ("active", True)
    assert (await house.refused("{ self { user { id } } }", old))[1] == "FORBIDDEN"
    assert await house.refused(SIGN_UP, "", e=JANE, p=PASSWORD, t=new) == NO_TOKEN


async def test_who_was_only_invited_and_is_removed_has_a_dead_link_too(house: Aerodrome) -> None:
    await house.data(INVITE, house.admin, e=JANE)
    old = await mailed(house, mails=1)
    (person,) = await house.installation.fetch("identity", "select id from read.users where email = $1", JANE)
    await house.data(REMOVE, house.admin, u=person["id"])
    assert await house.refused(SIGN_UP, "", e=JANE, p=PASSWORD, t=old) == NO_TOKEN
    await house.data(INVITE, house.admin, e=JANE)
    assert (await house.data(SIGN_UP, "", e=JANE, p=PASSWORD, t=await mailed(house, mails=2)))["token"]


async def test_inviting_a_member_is_answered_by_each_mutation_in_its_way(house: Aerodrome) -> None:
    _, token = await house.make_user(JANE)
    place = await house.make_workspace()
    for document in (INVITE, CREATE_TOKEN):
        assert await house.refused(document, house.admin, e=" JANE@example.com") == IN_USE
    assert await house.data(ADD, house.admin, w=place, e=JANE) == {"invites": []}
    assert await house.refused(ADD, house.admin, w=place, e=JANE) == DUPLICATE
    assert await house.data(UPDATE, house.admin, w=place, e=JANE) == "WORKSPACE_EDITOR"
    assert await house.data(UPSERT, house.admin, w=place, e=JANE) == "WORKSPACE_ADMIN"
    assert await house.data("{ workspaces { id } }", token) == [{"id": place}]
    assert await house.data(INVITES, house.admin) == []


async def test_inviting_twice_is_answered_by_each_mutation_in_its_way(house: Aerodrome) -> None:
    one, two = await house.make_workspace("one"), await house.make_workspace("two")
    added = await house.data(ADD, house.admin, w=one, e=JANE)
    assert added == {"invites": [{"email": JANE, "role": "WORKSPACE_VIEWER"}]}
    assert await house.refused(ADD, house.admin, w=one, e=JANE) == INVITED
    await house.data(ADD, house.admin, w=two, e=JANE)
    # inviteUser minds any open invitation, createInviteToken one to the platform.
    assert await house.refused(INVITE, house.admin, e=JANE) == INVITED
    assert (await house.data(CREATE_TOKEN, house.admin, e=JANE))["email"] == JANE
    for document in (INVITE, CREATE_TOKEN):
        assert await house.refused(document, house.admin, e="Jane@Example.com ") == INVITED
    assert await house.data(UPDATE, house.admin, w=one, e=JANE) == "WORKSPACE_EDITOR"
    assert await house.data(UPSERT, house.admin, w=two, e=JANE) == "WORKSPACE_ADMIN"
    assert await house.refused(UPDATE, house.admin, w=two, e="nobody@example.com") == NOT_FOUND

    await house.installation.settled()
    shown = await house.data(INVITES, house.admin)
    places = [(row["role"], row["workspace"] and row["workspace"]["id"]) for row in shown]
    assert sorted(places, key=str) == sorted(
        [("WORKSPACE_EDITOR", one), ("WORKSPACE_ADMIN", two), (None, None)], key=str
    )


async def test_an_accepted_invite_grants_its_roles_once_in_the_append_that_activates(house: Aerodrome) -> None:
    one, two = await house.make_workspace("one"), await house.make_workspace("two")
    await house.data(ADD, house.admin, w=one, e=JANE, r="WORKSPACE_EDITOR")
    token = await mailed(house, mails=1)
    await house.data(ADD, house.admin, w=two, e=JANE)
    before = len(await events(house, "user.role_granted"))

    answers = await asyncio.gather(*(house.door.run(SIGN_UP, e=JANE, p=PASSWORD, t=token) for _ in range(6)))

    assert len([answer for answer in answers if "errors" not in answer]) == 1
    (activated,) = await events(house, "user.activated")
    granted = (await events(house, "user.role_granted"))[before:]
    assert {event["entry"] for event in granted} == {activated["entry"]}
    assert [event["position"] for event in granted] == [activated["position"] + 1, activated["position"] + 2]
    assert [(event["data"]["role"], event["data"]["entity"]) for event in granted] == [
        ("WORKSPACE_EDITOR", f"workspace:{one}"),
        ("WORKSPACE_VIEWER", f"workspace:{two}"),
    ]
    assert len(activated["data"]["invitation_ids"]) == 2
    await house.installation.settled()
    assert await house.data(INVITES, house.admin) == []
    assert len(house.office.mails()) == 2


async def test_an_invitation_to_a_deleted_workspace_grants_nothing_and_says_so(house: Aerodrome) -> None:
    place = await house.make_workspace()
    await house.data(ADD, house.admin, w=place, e=JANE)
    token = await mailed(house, mails=1)
    await house.data("mutation ($w: Uuid) { deleteWorkspace(workspaceUuid: $w) { id } }", house.admin, w=place)
    # At once, and after its invitation was cleared away.
    assert await house.refused(SIGN_UP, "", e=JANE, p=PASSWORD, t=token) == NO_TOKEN
    await house.installation.until("invites", "select 1 from read.invites where status = 'voided'")
    assert await house.refused(SIGN_UP, "", e=JANE, p=PASSWORD, t=token) == NO_TOKEN
    assert await house.data(INVITES, house.admin) == []
    assert await events(house, "user.activated") == []
    assert (await house.refused(SIGN_IN, "", i=JANE, p=PASSWORD))[1] == "INTERNAL_SERVER_ERROR"
    assert await house.refused(ADD, house.admin, w=place, e=JANE) == NOT_FOUND


async def test_with_another_invitation_a_deleted_workspace_gives_nothing_and_the_rest_counts(house: Aerodrome) -> None:
    gone, kept = await house.make_workspace("gone"), await house.make_workspace("kept")
    await house.data(ADD, house.admin, w=gone, e=JANE)
    dead = await mailed(house, mails=1)
    await house.data(ADD, house.admin, w=kept, e=JANE)
    live = await mailed(house, mails=2)
    await house.data("mutation ($w: Uuid) { deleteWorkspace(workspaceUuid: $w) { id } }", house.admin, w=gone)
    assert await house.refused(SIGN_UP, "", e=JANE, p=PASSWORD, t=dead) == NO_TOKEN
    signed = await house.data(SIGN_UP, "", e=JANE, p=PASSWORD, t=live)
    assert signed["user"]["roleBindings"] == [{"role": "WORKSPACE_VIEWER", "workspace": {"id": kept}}]
    ended = "select 1 from read.invites where status = $1 and scope = $2"
    await house.installation.until("invites", ended, "voided", f"workspace:{gone}")
    await house.installation.until("invites", ended, "accepted", f"workspace:{kept}")
