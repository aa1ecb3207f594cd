"""Forms of addresses, a case each, from the GraphQL interface down to the SMTP conversation.

A form is either refused, with nothing stored and nothing mailed, or it reaches one recipient in one mail; and all forms
of one address are one account. A mail server without SMTPUTF8 takes them all, as stored addresses are in ASCII.
"""

import json
from collections.abc import AsyncGenerator
from itertools import count
from typing import Any, Final

import pytest
import pytest_asyncio

from tests.integration.gateway.doors import open_door
from tests.integration.gateway.whole import SERVICES, Aerodrome
from tests.integration.invites.installation import PASSWORD, installation
from tests.integration.invites.post_office import open_post_office
from tests.servers import PostgresForTests, start_nats

pytestmark = pytest.mark.asyncio(loop_scope="module")

INVITE = "mutation ($e: String!) { inviteUser(email: $e) { email } }"
SIGN_UP = "mutation ($e: String!, $p: String!) { createUser(email: $e, password: $p) { user { username } } }"
FORGOT = "mutation ($e: String!) { forgotPassword(email: $e) }"
ADD = "mutation ($w: Uuid, $e: String!) { workspaceAddUser(workspaceUuid: $w, email: $e) { id } }"
ENROL = "mutation ($w: Uuid, $e: String!) { workspaceAddUser(workspaceUuid: $w, email: $e, bypassInvite: true) { id } }"
INVALID = ("The e-mail address is not valid", "BAD_USER_INPUT")
UNFIT = {
    "Text holds U+0000, which can't be stored",
    "Text holds a lone surrogate, expected whole characters",
}
IN_USE = ("Email address in use", "DUPLICATE_EMAIL")
INVITED = ("User already invited", "USER_ALREADY_INVITED")
DUPLICATE = ("A duplicate role binding already exists", "BAD_USER_INPUT")
LABEL = "Überflieger \u2028Bcc: x@y.example"
STORED = (
    "select (select count(*) from events) as events, (select count(*) from claims) as claims,"
    " (select count(*) from receipts) as receipts"
)
WAITING = "select 1 from (select count(*) as n from outbox where kind = 'mail' and done_at is null) w where n = 0"
MAILS = "select count(*) as n from outbox where kind = 'mail'"

LONGEST: Final = 254
"""Characters of an address: a path has 256 with its brackets. Source: RFC 5321, 4.5.3.1.3; RFC 3696, erratum 1690."""


def sized(length: int, *, local: int = 64) -> str:
    """Return an address of so many characters with a number to be filled in, whose labels have at most 63."""
    domain = "example"
    while len(domain) < length - local - 1:
        domain = f"{'d' * min(62, length - local - 2 - len(domain))}.{domain}"
    return f"{{n:x>{local}}}@{domain}"


DELIVERED = {
    "plain": ("ann{n}@example.com", "ann{n}@example.com"),
    "plus tag": ("ann{n}+ci@example.com", "ann{n}+ci@example.com"),
    "upper case": ("ANN{n}.Lee@EXAMPLE.Com", "ann{n}.lee@example.com"),
    "leading and trailing blanks": ("  ann{n}@example.com\t ", "ann{n}@example.com"),
    "trailing line break": ("ann{n}@example.com\r\n", "ann{n}@example.com"),
    "trailing line separator": ("\u2028ann{n}@example.com\u2028", "ann{n}@example.com"),
    "blanks of other kinds": ("\u00a0\u3000ann{n}@example.com\u2003", "ann{n}@example.com"),
    "unicode domain": ("ann{n}@bücher.example", "ann{n}@xn--bcher-kva.example"),
    "unicode domain, decomposed": ("ann{n}@BU\u0308CHER.example", "ann{n}@xn--bcher-kva.example"),
    "unicode domain, in ASCII": ("ann{n}@XN--BCHER-KVA.example", "ann{n}@xn--bcher-kva.example"),
    "ideographic full stop": ("ann{n}@例え。example", "ann{n}@xn--r8jz45g.example"),
    "64 before the @": (sized(80), sized(80)),
    "as long as may be": (sized(LONGEST), sized(LONGEST)),
    "encoded line break": ("ann{n}%0d%0abcc%3ax%40y@example.com", "ann{n}%0d%0abcc%3ax%40y@example.com"),
    "all that needs no quotes": ("o'ann{n}!#$&*/=?^_`{{|}}~-@example.com", "o'ann{n}!#$&*/=?^_`{{|}}~-@example.com"),
}

REFUSED = {
    "no address": "ann",
    "nothing before the @": "@example.com",
    "nothing behind the @": "ann@",
    "domain without a dot": "ann@localhost",
    "domain literal": "ann@[127.0.0.1]",
    "two @": "ann@example.com@example.org",
    "full-width @": "ann\uff20example.com",
    "unicode before the @": "änn@example.com",
    "unicode on both sides": "änn@bücher.example",
    "look-alike letter before the @": "\u0430nn@example.com",
    "blank inside": "ann lee@example.com",
    "zero width inside": "ann\u200b@example.com",
    "turned direction": "ann\u202e@example.com",
    "65 before the @": f"{'x' * 65}@example.com",
    "255 characters": sized(LONGEST + 1).format(n=1),
    "320 characters": sized(320).format(n=1),
    "321 characters": sized(321).format(n=1),
    "a million characters": f"{'x' * 1_000_000}@example.com",
    "Bcc behind CR LF": "ann@example.com\r\nBcc: x@y.example",
    "Bcc behind LF": "ann@example.com\nBcc: x@y.example",
    "Bcc behind CR": "ann@example.com\rBcc: x@y.example",
    "Bcc behind U+2028": "ann@example.com\u2028Bcc: x@y.example",
    "Bcc behind U+0085": "ann@example.com\u0085Bcc: x@y.example",
    "Bcc before": "Bcc: x@y.example\r\nann@example.com",
    "line break before the @": "ann\r\n@example.com",
    "folded": "ann\r\n @example.com",
    "second RCPT": "ann@example.com>\r\nRCPT TO:<x@y.example",
    "NUL": "ann@example.com\x00",
    "NUL inside": "ann\x00@example.com",
    "lone surrogate": "ann\ud800@example.com",
    "encoded line break and a colon": "ann%0d%0aBcc: x@example.com",
    "encoded line break in the domain": "ann@example.com%0d%0aBcc:x",
    "quoted": '"ann"@example.com',
    "quoted line break": '"ann\r\nBcc: x"@example.com',
    "quoted @": '"ann@example.org"@example.com',
    "quoted blank": '" "@example.com',
    "two addresses": "ann@example.com, x@y.example",
    "with a name": "Ann <ann@example.com>",
    "with a comment": "ann(x@y.example)@example.com",
}

_NUMBERS = count(1)


def _number() -> int:
    return next(_NUMBERS)


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=[True, False], ids=["SMTPUTF8", "plain SMTP"])
async def open_house(
    request: pytest.FixtureRequest, postgres_server: PostgresForTests, module_folder: Any
) -> AsyncGenerator[Aerodrome]:
    """An installation where anybody may sign up, behind a proxy, so that each case comes from a source of its own."""
    folder = module_folder / str(request.param)
    folder.mkdir(mode=0o711)
    nats = start_nats(folder / "nats")
    settings = {"public_signups": True}
    try:
        async with (
            open_post_office(folder / "mail", utf8=request.param) as office,
            installation(
                postgres_server.new_database, nats, smtp_port=office.port, services=SERVICES, identity=settings
            ) as made,
            open_door(nats, trusted_proxies="127.0.0.0/8") as door,
        ):
            yield Aerodrome(made, office, door)
    finally:
        nats.child.stop()


async def send(house: Aerodrome, document: str, token: str, *, source: int, **variables: Any) -> dict[str, Any]:
    """Return the answer to a document that comes from one of many sources."""
    headers = {"X-Forwarded-For": f"2001:db8:0:{source:x}::1", **({"Authorization": token} if token else {})}
    _, answer = await house.door.post({"query": document, "variables": variables}, headers=headers)
    found: dict[str, Any] = answer
    return found


def error_in(answer: dict[str, Any]) -> tuple[str, str]:
    (error,) = answer["errors"]
    return error["message"], error["extensions"]["code"]


@pytest.mark.parametrize("form", DELIVERED)
async def test_a_form_reaches_one_recipient_and_is_one_account(open_house: Aerodrome, form: str) -> None:
    typed, stored = DELIVERED[form]
    source, admin = _number(), open_house.admin
    place, other = await open_house.make_workspace(LABEL), await open_house.make_workspace(LABEL)
    invited, added, signed_up, enrolled = (_number() for _ in range(4))
    before = len(open_house.office.mails())
    for document, token, n, where in (
        (INVITE, admin, invited, place),
        (ADD, admin, added, place),
        (SIGN_UP, "", signed_up, place),
        (ENROL, admin, enrolled, place),
        (FORGOT, "", enrolled, place),
        (ADD, admin, enrolled, other),
    ):
        wish = {"e": typed.format(n=n), **arguments(document, where)}
        answer = await send(open_house, document, token, source=source, **wish)
        assert "errors" not in answer, answer
        if document == INVITE:
            assert answer["data"] == {"inviteUser": {"email": stored.format(n=n)}}

    for document, token, n, refusal in (
        (INVITE, admin, invited, INVITED),
        (ADD, admin, added, INVITED),
        (SIGN_UP, "", signed_up, IN_USE),
        (ADD, admin, enrolled, DUPLICATE),
    ):
        for spelling in (stored.format(n=n), typed.format(n=n).upper()):
            wish = {"e": spelling, **arguments(document, place)}
            assert error_in(await send(open_house, document, token, source=source, **wish)) == refusal

    await assert_mailed(
        open_house, [stored.format(n=n) for n in (invited, added, signed_up, enrolled, enrolled)], before
    )
    for n in (invited, added, signed_up, enrolled):
        await assert_one_account(open_house, stored.format(n=n))


async def assert_mailed(house: Aerodrome, addresses: list[str], before: int) -> None:
    """One mail went to each of the addresses, and to nobody else."""
    await house.office.wait(mails=before + len(addresses))
    await house.installation.settled()
    await house.installation.until("invites", WAITING)
    mails = house.office.mails()[before:]
    assert sorted(mail["X-RcptTo"] for mail in mails) == sorted(addresses)
    for mail in mails:
        assert [len(mail.get_all(name, [])) for name in ("To", "Subject", "Cc", "Bcc")] == [1, 1, 0, 0]
        assert [to.addr_spec for to in mail["To"].addresses] == [mail["X-RcptTo"]]
        assert "\n" not in mail["Subject"]
    assert {mail["Subject"] for mail in mails} >= {
        "Your invitation to Überflieger Bcc: x@y.example",
        "You were added to Überflieger Bcc: x@y.example",
    }


async def assert_one_account(house: Aerodrome, address: str) -> None:
    """One person has the address, by one claim."""
    (person,) = await house.installation.fetch("identity", "select id from read.users where email = $1", address)
    claims = "select stream from claims where kind = 'email' and stream = $1"
    assert len(await house.installation.fetch("identity", claims, f"user-{person['id']}")) == 1


@pytest.mark.parametrize("form", REFUSED)
@pytest.mark.parametrize("open_house", [True], ids=["SMTPUTF8"], indirect=True, scope="module")
async def test_a_form_is_refused_and_leaves_nothing(open_house: Aerodrome, form: str) -> None:
    typed, source = REFUSED[form], _number()
    place = await open_house.make_workspace()
    before = await open_house.installation.fetch("identity", STORED)
    mails = await open_house.installation.fetch("invites", MAILS)
    for document, token in (
        (INVITE, open_house.admin),
        (SIGN_UP, ""),
        (ADD, open_house.admin),
        (ENROL, open_house.admin),
    ):
        answer = await send(open_house, document, token, source=source, e=typed, **arguments(document, place))
        text, code = error_in(answer)
        assert code == "BAD_USER_INPUT"
        assert text == INVALID[0] or text in UNFIT, text
        assert "y.example" not in json.dumps(answer)
    answer = await send(open_house, FORGOT, "", source=source, e=typed)
    assert answer.get("data") == {"forgotPassword": True} or error_in(answer)[1] == "BAD_USER_INPUT"
    assert await open_house.installation.fetch("identity", STORED) == before
    await open_house.installation.settled()
    assert await open_house.installation.fetch("invites", MAILS) == mails


def arguments(document: str, place: str) -> dict[str, str]:
    """Return what a document needs besides the address."""
    if document == SIGN_UP:
        return {"p": PASSWORD}
    return {"w": place} if document in {ADD, ENROL} else {}
