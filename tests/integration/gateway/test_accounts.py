"""Accounts through the gateway, as people use them: with the links of real mails."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.conftest import NewDatabase
from tests.integration.gateway.whole import Aerodrome, whole
from tests.integration.invites.installation import PASSWORD, PUBLIC_URL
from tests.integration.invites.post_office import open_post_office, token_in
from tests.servers import NatsForTests

NOT_ALLOWED = ("You do not have the appropriate permissions for that", "FORBIDDEN")
SIGN_UP = (
    "mutation ($e: String!, $p: String!) { createUser(email: $e, password: $p) "
    "{ user { id status emails { verified } } token { value } } }"
)
SIGN_IN = "mutation ($i: String, $p: String!) { createToken(identity: $i, password: $p) { token { value } } }"
CONFIRM = "mutation ($t: String!) { confirmEmail(token: $t) { user { id status } token { value } } }"
RESEND = "mutation ($e: String!) { resendConfirmation(email: $e) }"
FORGOT = "mutation ($e: String!) { forgotPassword(email: $e) }"
RESET = "mutation ($t: String!, $p: String!) { resetPassword(token: $t, password: $p) { user { id } token { value } } }"
SELF = "{ self { user { id status fullName profile { key value category } } token { value } } }"
SESSIONS = "query ($u: Uuid) { sessions(userUuid: $u) { id uuid createdAt expiresAt current } }"
DONE = "select 1 from outbox where kind = 'mail' and done_at is not null having count(*) = $1"
BOB = "bob@example.com"
STRANGERS = "a password of a stranger"
WRONG_PASSWORD = ("Invalid password and username combination", "INTERNAL_SERVER_ERROR")


@pytest.fixture
async def open_house(
    database: NewDatabase, nats_server: NatsForTests, private_folder: Path
) -> AsyncGenerator[Aerodrome]:
    """An installation where anybody may sign up."""
    async with (
        open_post_office(private_folder / "mail") as office,
        whole(database, nats_server, office, public_signups=True) as made,
    ):
        yield made


async def mailed(aerodrome: Aerodrome, path: str, *, mails: int) -> str:
    """Return the token of the last of so many mails."""
    found = await aerodrome.office.wait(mails=mails)
    return token_in(found[-1], below=PUBLIC_URL, path=path)


async def test_a_person_signs_up_confirms_forgets_the_password_and_sets_a_new_one(open_house: Aerodrome) -> None:
    signed = await open_house.data(SIGN_UP, "", e=BOB, p=PASSWORD)
    assert (signed["user"]["status"], signed["token"]) == ("pending", None)
    assert signed["user"]["emails"] == [{"verified": False}]
    awaiting = ("Your account is awaiting email confirmation", "ACCOUNT_NOT_CONFIRMED")
    assert await open_house.refused(SIGN_IN, "", i=BOB, p=PASSWORD) == awaiting
    token = await mailed(open_house, "/verify", mails=1)

    confirmed = await open_house.data(CONFIRM, "", t=token)

    assert confirmed["user"]["status"] == "active"
    first = confirmed["token"]["value"]
    assert (await open_house.data(SELF, first))["token"]["value"] == first
    assert await open_house.refused(CONFIRM, "", t=token) == ("Invalid token", "BAD_USER_INPUT")

    for email in (BOB, "nobody@example.com", "no address"):
        assert await open_house.data(RESEND, "", e=email) is True
    for email in ("admin@example.com", "nobody@example.com"):
        assert await open_house.data(FORGOT, "", e=email) is True
    reset = await mailed(open_house, "/reset-password", mails=2)
    assert open_house.office.mails()[-1]["To"] == "admin@example.com"
    weak = await open_house.refused(RESET, "", t=reset, p="short")
    assert weak[1] == "BAD_USER_INPUT"

    again = await open_house.data(RESET, "", t=reset, p="another good one")

    assert (await open_house.data(SELF, again["token"]["value"]))["user"]["id"] == open_house.installation.admin.id
    assert await open_house.refused(SELF, open_house.admin) == NOT_ALLOWED
    assert await open_house.refused(RESET, "", t=reset, p=PASSWORD) == ("Invalid resetToken", "BAD_USER_INPUT")
    (*_, notice) = await open_house.office.wait(mails=3)
    assert notice["Subject"] == "Your password for Flight School was changed"
    assert len({mail["Message-ID"] for mail in open_house.office.mails()}) == 3


async def test_who_signs_up_with_an_invited_address_gets_nothing_that_it_was_invited_to(open_house: Aerodrome) -> None:
    place = await open_house.make_workspace()
    invite = "mutation ($w: Uuid!, $e: String!) { workspaceAddUser(workspaceUuid: $w, email: $e) { id } }"
    await open_house.data(invite, open_house.admin, w=place, e=BOB)
    await open_house.office.wait(mails=1)
    await open_house.data(SIGN_UP, "", e=BOB, p=STRANGERS)

    confirmed = await open_house.data(CONFIRM, "", t=await mailed(open_house, "/verify", mails=2))

    first = confirmed["token"]["value"]
    assert await open_house.data("{ workspaces { id } }", first) == [{"id": place}]
    assert await open_house.refused(SIGN_IN, "", i=BOB, p=STRANGERS) == WRONG_PASSWORD
    reset = await mailed(open_house, "/reset-password", mails=3)
    assert "has no password" in str(open_house.office.mails()[-1].get_body(("plain",)))
    await open_house.installation.until("invites", DONE, 4)  # with the notice of a change, which was no change to tell
    await open_house.data(RESET, "", t=reset, p=PASSWORD)
    assert await open_house.refused(SELF, first) == NOT_ALLOWED
    assert await open_house.refused(SIGN_IN, "", i=BOB, p=STRANGERS) == WRONG_PASSWORD
    assert (await open_house.data(SIGN_IN, "", i=BOB, p=PASSWORD))["token"]
    await open_house.installation.until("invites", DONE, 5)
    assert [mail["Subject"].endswith("was changed") for mail in open_house.office.mails()] == [False] * 3 + [True]


async def test_no_mailed_token_and_no_address_is_kept_by_who_mails(open_house: Aerodrome) -> None:
    await open_house.data(SIGN_UP, "", e=BOB, p=PASSWORD)
    token = await mailed(open_house, "/verify", mails=1)
    kept = await open_house.installation.fetch(
        "invites",
        "select data || metadata as text from events union all select payload || origin || error from outbox",
    )
    assert len(kept) >= 2
    assert not [row for row in kept if "bob" in row["text"] or token[-20:] in row["text"]]


async def test_auth_config_speaks_for_both_eras(open_house: Aerodrome) -> None:
    document = """{ authConfig { publicSignup initialSignup localEnabled providers { name displayName url }
        googleEnabled githubEnabled auth0Enabled googleOAuthUrl githubOAuthUrl auth0OAuthUrl } }"""
    assert await open_house.data(document, "") == {
        "publicSignup": True,
        "initialSignup": False,
        "localEnabled": True,
        "providers": [],
        "googleEnabled": False,
        "githubEnabled": False,
        "auth0Enabled": False,
        "googleOAuthUrl": None,
        "githubOAuthUrl": None,
        "auth0OAuthUrl": None,
    }


async def test_a_profile_shows_its_picture_and_is_changed_by_its_owner(open_house: Aerodrome) -> None:
    bob, token = await open_house.make_user(BOB)
    update = (
        "mutation ($p: JSON!, $u: Uuid) { updateUser(payload: $p, userUuid: $u) "
        "{ id fullName profile { key value category } } }"
    )
    picture = "https://pictures.example.com/bob.png"
    row = await open_house.data(update, token, p={"fullName": "Bob", "avatarUrl": picture})
    assert row == {
        "id": bob,
        "fullName": "Bob",
        "profile": [{"key": "avatarUrl", "value": picture, "category": "profile"}],
    }
    assert (await open_house.data(SELF, token))["user"]["profile"] == row["profile"]
    admin = open_house.installation.admin.id
    assert await open_house.refused(update, token, p={"fullName": "x"}, u=admin) == NOT_ALLOWED
    assert (await open_house.data(update, open_house.admin, p={"avatarUrl": ""}, u=bob))["profile"] == []
    key = await open_house.make_key()
    missing = ("A required argument was not sent: userUuid", "BAD_USER_INPUT")
    assert await open_house.refused(update, key, p={"fullName": "x"}) == missing


async def test_an_administrator_suspends_reinstates_and_verifies(open_house: Aerodrome) -> None:
    bob, token = await open_house.make_user(BOB)
    status = "mutation ($u: Uuid!, $s: String!) { setUserStatus(userUuid: $u, status: $s) { status } }"
    assert await open_house.data(status, open_house.admin, u=bob, s="banned") == {"status": "banned"}
    assert await open_house.refused(SELF, token) == NOT_ALLOWED
    assert await open_house.refused(SIGN_IN, "", i=BOB, p=PASSWORD) == WRONG_PASSWORD
    assert await open_house.data(status, open_house.admin, u=bob, s="active") == {"status": "active"}
    assert (await open_house.data(SIGN_IN, "", i=BOB, p=PASSWORD))["token"]
    assert (await open_house.refused(status, open_house.admin, u=bob, s="gone"))[1] == "BAD_USER_INPUT"

    await open_house.data(SIGN_UP, "", e="carl@example.com", p=PASSWORD)
    verify = 'mutation { verifyEmail(email: "carl@example.com") }'
    assert await open_house.data(verify, open_house.admin) is True
    assert (await open_house.data(SIGN_IN, "", i="carl@example.com", p=PASSWORD))["token"]


async def test_sessions_are_listed_and_ended_and_a_logout_drops_the_cookie(open_house: Aerodrome) -> None:
    bob, token = await open_house.make_user(BOB)
    other = (await open_house.data(SIGN_IN, "", i=BOB, p=PASSWORD))["token"]["value"]
    rows: list[dict[str, Any]] = await open_house.data(SESSIONS, token)
    assert [row["current"] for row in rows] == [True, False]
    assert await open_house.data(SESSIONS, open_house.admin, u=bob) == [{**row, "current": False} for row in rows]
    assert await open_house.data("mutation ($i: Uuid!) { endSession(id: $i) }", token, i=rows[1]["id"]) is True
    assert await open_house.refused(SELF, other) == NOT_ALLOWED

    async with aiohttp.ClientSession() as session:
        body = {"query": "mutation { logout }"}
        headers = {"Authorization": token}
        async with session.post(f"{open_house.door.url}/v1", json=body, headers=headers) as response:
            assert await response.json() == {"data": {"logout": True}}
            (cookie,) = response.cookies.values()
    assert (cookie.value, cookie["max-age"], cookie["path"]) == ("", "0", "/")
    assert await open_house.refused(SELF, token) == NOT_ALLOWED
    assert await open_house.data("mutation { logout }", token) is True
