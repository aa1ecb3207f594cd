"""Where anybody may sign up, the addresses of some domains alone; an invitation is the way around."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.conftest import NewDatabase
from tests.integration.gateway.whole import Aerodrome, whole
from tests.integration.invites.installation import PASSWORD, PUBLIC_URL
from tests.integration.invites.post_office import open_post_office, token_in
from tests.servers import NatsForTests, PostgresForTests, start_nats

pytestmark = pytest.mark.asyncio(loop_scope="module")

SIGN_UP = (
    "mutation ($e: String!, $p: String!, $t: String) { createUser(email: $e, password: $p, inviteToken: $t) "
    "{ user { status username } } }"
)
INVITE = "mutation ($e: String!) { inviteUser(email: $e) { id } }"
ADD = (
    "mutation ($w: Uuid, $e: String!) { workspaceAddUser(workspaceUuid: $w, email: $e, bypassInvite: true) "
    "{ users { username } } }"
)
SHUT = ("Addresses of this domain sign up by invitation only", "BAD_USER_INPUT")
BOB, EVE = "bob@example.com", "eve@example.com"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def narrow(postgres_server: PostgresForTests, module_folder: Path) -> AsyncGenerator[Aerodrome]:
    """An installation for one domain, whose first person is of another."""
    nats = start_nats(module_folder / "nats")
    settings = {"public_signups": True, "signup_domains": "B\u00fccher.example"}
    try:
        async with (
            open_post_office(module_folder / "mail") as office,
            whole(postgres_server.new_database, nats, office, **settings) as made,
        ):
            yield made
    finally:
        nats.child.stop()


async def stored(aerodrome: Aerodrome) -> int:
    (row,) = await aerodrome.installation.fetch("identity", "select count(*) from events")
    count: int = row["count"]
    return count


async def test_addresses_of_other_domains_are_refused_whoever_has_them(narrow: Aerodrome) -> None:
    await narrow.data(INVITE, narrow.admin, e=BOB)
    before = await stored(narrow)
    for email in (
        "new@example.com",
        "admin@example.com",
        BOB,
        "ann@mail.b\u00fccher.example",
        "ann@notb\u00fccher.example",
        "ann@example",
    ):
        refused = await narrow.refused(SIGN_UP, "", e=email, p=PASSWORD)
        assert refused == (SHUT if "." in email else ("The e-mail address is not valid", "BAD_USER_INPUT")), email
    assert await stored(narrow) == before


@pytest.mark.parametrize(
    "email",
    ["ann@b\u00fccher.example", "ben@BU\u0308CHER.example", "CEM@XN--BCHER-KVA.EXAMPLE", " dan@xn--bcher-kva.example "],
)
async def test_every_spelling_of_a_listed_domain_signs_up(narrow: Aerodrome, email: str) -> None:
    signed = await narrow.data(SIGN_UP, "", e=email, p=PASSWORD)
    name = email.partition("@")[0].strip().lower()
    assert signed["user"] == {"status": "pending", "username": f"{name}@xn--bcher-kva.example"}
    again = await narrow.refused(SIGN_UP, "", e=f"{name}@b\u00fccher.example", p=PASSWORD)
    assert again == ("Email address in use", "DUPLICATE_EMAIL")


async def test_who_is_invited_is_not_bound_by_the_list(narrow: Aerodrome) -> None:
    await narrow.data(INVITE, narrow.admin, e=EVE)
    token = token_in(await narrow.office.mail_to(EVE), below=PUBLIC_URL)
    signed = await narrow.data(SIGN_UP, "", e=EVE, p=PASSWORD, t=token)
    assert signed["user"] == {"status": "active", "username": EVE}
    place = await narrow.make_workspace()
    added = await narrow.data(ADD, narrow.admin, w=place, e="carl@example.com")
    assert {"username": "carl@example.com"} in added["users"]


async def test_where_sign_ups_are_closed_the_list_opens_nothing(
    database: NewDatabase, nats_server: NatsForTests, private_folder: Path
) -> None:
    async with (
        open_post_office(private_folder / "mail") as office,
        whole(database, nats_server, office, signup_domains="example.com") as closed,
    ):
        text, code = await closed.refused(SIGN_UP, "", e=BOB, p=PASSWORD)
    assert text.startswith("Public sign ups are disabled")
    assert code == "INTERNAL_SERVER_ERROR"
