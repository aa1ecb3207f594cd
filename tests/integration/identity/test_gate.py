"""The gate before secrets: shut for a while after many failures, for few, and never for long for others."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.identity.contract import (
    ConfirmEmail,
    MailPurpose,
    RegisterUser,
    RequestConfirmation,
    RequestPasswordReset,
    ResetPassword,
    Rule,
    SignIn,
)
from services.identity.handlers.gate import FOR_ACCOUNT, FOR_MAILS, FOR_PAIR, FOR_SOURCE
from services.identity.sql import QUERIES
from shared.auth import ANONYMOUS, Origin, Principal
from shared.bus.context import Context
from shared.errors import Rejected
from shared.messages import Command
from tests.integration.identity.service import PASSWORD, PATIENCE, Identity

NOW = datetime.now(UTC)
HOME, AWAY = "192.0.2.1", "198.51.100.7"
WRONG = "not the password"


async def tried(identity: Identity, command: Command[Any], *, source: str = HOME, asker: Principal = ANONYMOUS) -> str:
    """Return the rule by which a command from a source is refused, "" where it is answered."""
    context = Context.first(asker, patience=PATIENCE, message_id=uuid4(), origin=Origin(address=source))
    try:
        await identity.gateway.ask(command, context)
    except Rejected as error:
        return error.rule
    return ""


def sign_in(password: str = PASSWORD, *, identity: str = "ann@example.com", at: timedelta = timedelta()) -> SignIn:
    """Return a sign-in at a time."""
    return SignIn(identity=identity, password=password, now=NOW + at)


async def fail(identity: Identity, times: int, *, sources: Sequence[str] = (HOME,), of: str = "") -> None:
    """Fail so many times from each source to prove a secret of a person: with false tokens, which costs no hashing.

    `of`: the person's id; Ann's where it is "".
    """
    (ann,) = await identity.fetch("select id from read.users where email = 'ann@example.com'")
    command = ConfirmEmail(token=f"{of or ann['id']}.AAAA", now=NOW)
    outcomes = await asyncio.gather(
        *(tried(identity, command, source=source) for source in sources for _ in range(times))
    )
    assert set(outcomes) == {Rule.INVALID_TOKEN}


async def test_ten_failures_shut_an_account_for_their_source_for_a_minute(identity: Identity) -> None:
    await identity.sign_up()
    await fail(identity, FOR_PAIR.most - 1)
    assert await tried(identity, sign_in()) == ""
    guesses = [tried(identity, sign_in(f"{WRONG} {n}")) for n in range(FOR_PAIR.most)]
    assert set(await asyncio.gather(*guesses)) == {Rule.BAD_CREDENTIALS}
    assert await tried(identity, sign_in()) == Rule.BAD_CREDENTIALS
    assert await tried(identity, sign_in(), source=AWAY) == ""
    last = FOR_PAIR.first - timedelta(seconds=1)
    assert await tried(identity, sign_in(at=last)) == Rule.BAD_CREDENTIALS
    assert await tried(identity, sign_in(at=FOR_PAIR.first)) == ""


async def test_failures_of_who_is_signed_in_count_like_a_strangers(identity: Identity) -> None:
    await identity.sign_up()
    bob = await identity.join("bob@example.com")
    for _ in range(FOR_PAIR.most):
        assert await tried(identity, sign_in(WRONG), asker=bob.now) == Rule.BAD_CREDENTIALS
    for asker in (bob.now, ANONYMOUS):
        assert await tried(identity, sign_in(), asker=asker) == Rule.BAD_CREDENTIALS
    assert await tried(identity, sign_in(), source=AWAY, asker=bob.now) == ""


async def test_each_further_failure_shuts_it_twice_as_long_up_to_a_quarter_of_an_hour(identity: Identity) -> None:
    await identity.sign_up()
    await fail(identity, FOR_PAIR.most)
    at, shut = FOR_PAIR.first, FOR_PAIR.first
    for _ in range(6):
        assert await tried(identity, sign_in(WRONG, at=at)) == Rule.BAD_CREDENTIALS
        shut = min(2 * shut, FOR_PAIR.longest)
        assert await tried(identity, sign_in(at=at + shut - timedelta(seconds=1))) == Rule.BAD_CREDENTIALS
        at += shut
    assert shut == FOR_PAIR.longest
    assert await tried(identity, sign_in(at=at)) == ""


async def test_a_burst_of_guesses_does_not_outrun_the_count(stopped: Identity) -> None:
    for _ in range(2):
        await stopped.start()
    await stopped.sign_up()
    wrong = [tried(stopped, sign_in(f"{WRONG} {n}")) for n in range(2 * FOR_PAIR.most)]
    assert set(await asyncio.gather(*wrong)) == {Rule.BAD_CREDENTIALS}
    (pair,) = await stopped.fetch(
        "select failures from sign_in_failures where account <> '' and source <> '' and not known"
    )
    assert pair["failures"] == FOR_PAIR.most
    assert await tried(stopped, sign_in()) == Rule.BAD_CREDENTIALS


async def test_many_right_sign_ins_at_once_lock_nobody_out(identity: Identity) -> None:
    await identity.sign_up()
    assert set(await asyncio.gather(*(tried(identity, sign_in()) for _ in range(2 * FOR_PAIR.most)))) == {""}


async def test_strangers_lock_nobody_out_of_where_they_have_signed_in_before(identity: Identity) -> None:
    await identity.sign_up()
    assert await tried(identity, sign_in()) == ""
    strangers = [f"203.0.113.{n}" for n in range(FOR_ACCOUNT.most // (FOR_PAIR.most - 1) + 1)]
    await fail(identity, FOR_PAIR.most - 1, sources=strangers)
    assert await tried(identity, sign_in(), source=AWAY) == Rule.BAD_CREDENTIALS
    assert await tried(identity, sign_in()) == ""
    assert await tried(identity, sign_in(at=FOR_ACCOUNT.longest), source=AWAY) == ""


@pytest.mark.parametrize("purpose", [MailPurpose.RESET, MailPurpose.CONFIRM])
async def test_who_is_locked_out_by_strangers_gets_in_by_a_mail_and_is_known_from_then_on(
    stopped: Identity, purpose: MailPurpose
) -> None:
    await stopped.start(public_signups=True)
    ann = await stopped.sign_up()
    bob = (await stopped.ask(RegisterUser(email="bob@example.com", password=PASSWORD))).user.id
    person, email = (ann.id, "ann@example.com") if purpose is MailPurpose.RESET else (bob, "bob@example.com")
    strangers = [f"203.0.113.{n}" for n in range(FOR_ACCOUNT.most)]
    await fail(stopped, 1, sources=strangers, of=person)
    signing_in = sign_in(identity=email)
    assert await tried(stopped, signing_in, source=AWAY) == Rule.BAD_CREDENTIALS

    follow: Command[Any]
    if purpose is MailPurpose.RESET:
        await tried(stopped, RequestPasswordReset(email=email, now=NOW), source=AWAY)
        follow = ResetPassword(token=await stopped.link_token(person, purpose), password=PASSWORD, now=NOW)
    else:
        follow = ConfirmEmail(token=await stopped.link_token(person, purpose), now=NOW)
    assert await tried(stopped, follow, source=AWAY) == ""

    assert await tried(stopped, signing_in, source=AWAY) == ""
    assert await tried(stopped, signing_in, source=HOME) == Rule.BAD_CREDENTIALS


async def test_where_somebody_signed_up_is_known(stopped: Identity) -> None:
    await stopped.start()
    assert await tried(stopped, RegisterUser(email="ann@example.com", password=PASSWORD, now=NOW)) == ""
    _, token = await stopped.invited("bob@example.com")
    joining = RegisterUser(email="bob@example.com", password=PASSWORD, invite_token=token, now=NOW)
    assert await tried(stopped, joining) == ""
    for person in await stopped.fetch("select id from read.users"):
        await fail(stopped, 1, sources=[f"203.0.113.{n}" for n in range(FOR_ACCOUNT.most)], of=person["id"])
    for email in ("ann@example.com", "bob@example.com"):
        assert await tried(stopped, sign_in(identity=email), source=AWAY) == Rule.BAD_CREDENTIALS
        assert await tried(stopped, sign_in(identity=email)) == ""


async def test_a_true_mailed_token_passes_where_too_many_passwords_were_wrong(identity: Identity) -> None:
    ann = await identity.sign_up()
    await fail(identity, 2 * FOR_PAIR.most)
    assert await tried(identity, sign_in()) == Rule.BAD_CREDENTIALS
    await identity.ask(RequestPasswordReset(email="ann@example.com", now=NOW))
    token = await identity.link_token(ann.id, MailPurpose.RESET)
    assert await tried(identity, ResetPassword(token=token, password=PASSWORD, now=NOW)) == ""
    assert await tried(identity, sign_in()) == ""


async def test_one_source_has_few_mails_sent_in_an_hour_and_all_are_answered_alike(identity: Identity) -> None:
    ann = await identity.sign_up()
    wishes = [RequestPasswordReset(email=f"nobody{n}@example.com", now=NOW) for n in range(FOR_MAILS.most - 1)]
    last = RequestConfirmation(email="ann@example.com", now=NOW)
    assert set(await asyncio.gather(*(tried(identity, wish) for wish in (*wishes, last)))) == {""}
    mailed = f"select 1 from events where stream = 'user-{ann.id}' and type_name = 'user.password_reset_requested'"
    wish = RequestPasswordReset(email="ann@example.com", now=NOW)
    assert await tried(identity, wish) == ""
    assert await identity.fetch(mailed) == []
    assert await tried(identity, wish, source=AWAY) == ""
    assert len(await identity.fetch(mailed)) == 1
    later = NOW + FOR_MAILS.longest
    assert await tried(identity, wish.model_copy(update={"now": later})) == ""
    assert len(await identity.fetch(mailed)) == 2


async def test_too_many_sign_ups_from_one_source_are_refused_whoever_has_the_address(stopped: Identity) -> None:
    await stopped.start(public_signups=True)
    await stopped.sign_up()
    wishes = [RequestConfirmation(email=f"nobody{n}@example.com", now=NOW) for n in range(FOR_MAILS.most - 1)]
    await asyncio.gather(*(tried(stopped, wish) for wish in wishes))
    last = RegisterUser(email="bob@example.com", password=PASSWORD, now=NOW)
    context = Context.first(ANONYMOUS, patience=PATIENCE, message_id=uuid4(), origin=Origin(address=HOME))
    first = await stopped.gateway.ask(last, context)
    for email in ("ann@example.com", "new@example.com"):
        sign_up = RegisterUser(email=email, password=PASSWORD, now=NOW)
        assert await tried(stopped, sign_up) == Rule.TOO_MANY_SIGN_UPS
    assert (await stopped.gateway.ask(last, context)).value.user == first.value.user
    _, token = await stopped.invited("carl@example.com")
    joining = RegisterUser(email="carl@example.com", password=PASSWORD, invite_token=token, now=NOW)
    assert await tried(stopped, joining) == ""


async def test_one_stranger_alone_does_not_shut_an_account(identity: Identity) -> None:
    await identity.sign_up()
    for _ in range(3):
        await fail(identity, 4 * FOR_PAIR.most, sources=["203.0.113.1"])
    assert await tried(identity, sign_in(), source=AWAY) == ""


async def test_a_source_that_guesses_many_accounts_is_shut(identity: Identity) -> None:
    await identity.sign_up()
    await asyncio.gather(*(fail(identity, 1, sources=[AWAY], of=f"cuser{n}") for n in range(FOR_SOURCE.most)))
    assert await tried(identity, sign_in(), source=AWAY) == Rule.BAD_CREDENTIALS
    assert await tried(identity, sign_in()) == ""
    assert await tried(identity, sign_in(at=FOR_SOURCE.longest), source=AWAY) == ""


async def test_who_is_known_at_a_source_that_is_shut_goes_on_there(identity: Identity) -> None:
    await identity.sign_up()
    await identity.join("bob@example.com")
    assert await tried(identity, sign_in()) == ""
    await asyncio.gather(*(fail(identity, 1, of=f"cuser{n}") for n in range(FOR_SOURCE.most)))
    assert await tried(identity, sign_in(identity="bob@example.com")) == Rule.BAD_CREDENTIALS
    assert await tried(identity, sign_in()) == ""


@pytest.mark.parametrize(
    ("command", "rule"),
    [
        (ConfirmEmail(token="cnobody.AAAA", now=NOW), Rule.INVALID_TOKEN),
        (ResetPassword(token="cnobody.AAAA", password=PASSWORD, now=NOW), Rule.INVALID_RESET_TOKEN),
        (
            RegisterUser(email="bob@example.com", password=PASSWORD, invite_token="cnobody.AAAA", now=NOW),
            Rule.INVITE_NOT_FOUND,
        ),
    ],
)
async def test_mailed_tokens_stand_behind_the_same_gate(identity: Identity, command: Command[Any], rule: str) -> None:
    await identity.sign_up()
    outcomes = await asyncio.gather(*(tried(identity, command) for _ in range(FOR_PAIR.most + 1)))
    assert set(outcomes) == {rule}
    (pair,) = await identity.fetch(
        "select failures, locked_until > $1 as locked from sign_in_failures where account <> '' and source <> ''"
        " and not known",
        NOW,
    )
    assert (pair["failures"], pair["locked"]) == (FOR_PAIR.most, True)


async def test_the_table_names_nobody_and_forgets_strangers(identity: Identity) -> None:
    await identity.sign_up()
    await tried(identity, sign_in(WRONG, identity="bob@example.com"))
    rows = await identity.fetch("select f::text as text from sign_in_failures f")
    assert len(rows) >= 3
    assert not [row for row in rows if "@" in row["text"] or HOME in row["text"]]
    await identity.fetch("update sign_in_failures set failed_at = now() - interval '2 days'")
    process = identity.replicas[0]
    assert process._pools is not None
    await process._pools.queries.execute(QUERIES["purge_failures"])
    left = await identity.fetch("select known from sign_in_failures")
    assert all(row["known"] for row in left)


def test_a_source_is_an_ipv4_address_or_a_site_of_ipv6() -> None:
    assert Origin(address="192.0.2.1").site == Origin(address="::ffff:192.0.2.1").site == "192.0.2.1"
    assert (
        Origin(address="2001:db8:1:2:3::4").site
        == Origin(address="2001:db8:1:2:ffff::1").site
        != Origin(address="2001:db8:1:3::1").site
    )
    assert Origin(address="").site == ""
