"""Signing up and in: the first person, invited ones, strangers; tokens that hold and tokens that do not."""

import asyncio
import time

import pytest
from pydantic import SecretStr

from services.identity.contract import (
    AddTeamMembers,
    Authenticate,
    MailPurpose,
    RegisterUser,
    ResetPassword,
    Role,
    Rule,
    SignIn,
    SignUps,
    UserStatus,
    VerifyEmail,
)
from services.identity.handlers.even import EVERY_S
from shared.auth import SYSTEM
from shared.errors import Invalid, Rejected, Unauthenticated
from shared.ids import new_message_id
from tests.integration.identity.service import PASSWORD, Identity


async def refused(identity: Identity, command: RegisterUser | SignIn) -> str:
    with pytest.raises((Rejected, Invalid)) as error:
        await identity.ask(command)
    return error.value.rule


async def test_the_first_person_is_the_administrator_and_signed_in(identity: Identity) -> None:
    before = await identity.ask(SignUps())
    assert (before.initial, before.public, before.organization) == (True, False, "Flight School")

    ann = await identity.sign_up(" Ann@Example.COM ", full_name="Ann Lee")

    user = ann.signed.user
    assert (user.email, user.username, user.full_name) == ("ann@example.com", "ann@example.com", "Ann Lee")
    assert (user.status, user.email_verified) == (UserStatus.ACTIVE, True)
    assert [(role.role, role.entity) for role in user.roles] == [(Role.SYSTEM_ADMIN, SYSTEM)]
    seen = await identity.ask(Authenticate(token=ann.token))
    assert seen.user == user
    assert seen.principal.subject == user.id
    assert seen.principal.holds("system.user.delete")
    assert seen.principal.holds("system.workspace.create")
    assert not (await identity.ask(SignUps())).initial


async def test_of_two_first_sign_ups_one_becomes_the_administrator(stopped: Identity) -> None:
    for _ in range(2):
        await stopped.start(public_signups=True, email_confirmation=False)
    signed = await asyncio.gather(
        *(stopped.ask(RegisterUser(email=f"p{n}@example.com", password=PASSWORD)) for n in range(4))
    )
    assert sorted(len(each.user.roles) for each in signed) == [0, 0, 0, 1]
    owners = await stopped.fetch("select * from events where type_name = 'organization.owner_added'")
    assert len(owners) == 1


async def test_of_two_sign_ups_with_one_address_one_wins(stopped: Identity) -> None:
    for _ in range(2):
        await stopped.start(public_signups=True, email_confirmation=False)
    await stopped.sign_up()
    outcomes = await asyncio.gather(
        *(stopped.ask(RegisterUser(email="bob@example.com", password=PASSWORD)) for _ in range(4)),
        return_exceptions=True,
    )
    lost = [each for each in outcomes if isinstance(each, BaseException)]
    assert len(lost) == 3
    assert {each.rule for each in lost if isinstance(each, Rejected)} == {Rule.EMAIL_IN_USE}
    assert len(await stopped.fetch("select * from read.users where email = 'bob@example.com'")) == 1


async def test_a_stranger_is_turned_away_while_sign_ups_are_closed(identity: Identity) -> None:
    await identity.sign_up()
    stranger = RegisterUser(email="bob@example.com", password=PASSWORD)
    assert await refused(identity, stranger) == Rule.SIGNUPS_CLOSED
    known = RegisterUser(email="ann@example.com", password=PASSWORD)
    assert await refused(identity, known) == Rule.SIGNUPS_CLOSED


async def test_a_stranger_awaits_confirmation_where_sign_ups_are_open(stopped: Identity) -> None:
    await stopped.start(public_signups=True)
    await stopped.sign_up()
    bob = await stopped.ask(RegisterUser(email="bob@example.com", password=PASSWORD))
    assert (bob.user.status, bob.session) == (UserStatus.PENDING, None)
    assert await refused(stopped, SignIn(identity="bob@example.com", password=PASSWORD)) == Rule.AWAITING_CONFIRMATION
    assert await refused(stopped, SignIn(identity="bob@example.com", password="wrong word")) == Rule.BAD_CREDENTIALS


async def test_an_address_that_an_administrator_vouches_for_brings_nothing_to_who_knew_only_the_address(
    stopped: Identity,
) -> None:
    await stopped.start(public_signups=True)
    ann = await stopped.sign_up()
    signing_up = [RegisterUser(email=f"{name}@example.com", password=PASSWORD) for name in ("bob", "carl")]
    bob, carl = [(await stopped.ask(each)).user for each in signing_up]
    await stopped.ask(AddTeamMembers(team_id=(await stopped.team(ann)).id, user_ids=(bob.id,)), ann.now)
    for person in (bob, carl):
        assert (await stopped.ask(VerifyEmail(email=person.email), ann.now)).status is UserStatus.ACTIVE
    assert await refused(stopped, SignIn(identity=bob.email, password=PASSWORD)) == Rule.BAD_CREDENTIALS
    assert (await stopped.ask(SignIn(identity=carl.email, password=PASSWORD))).session
    asked = await stopped.fetch("select stream from events where type_name = 'user.password_reset_requested'")
    assert [row["stream"] for row in asked] == [f"user-{bob.id}"]
    token = await stopped.link_token(bob.id, MailPurpose.RESET)
    assert (await stopped.ask(ResetPassword(token=token, password="another good one"))).session


async def test_the_first_person_needs_the_bootstrap_token_where_one_is_set(stopped: Identity) -> None:
    await stopped.start(bootstrap_token=SecretStr("let me in"))
    for wrong in ("", "let me"):
        command = RegisterUser(email="ann@example.com", password=PASSWORD, bootstrap_token=wrong)
        assert await refused(stopped, command) == Rule.BOOTSTRAP_TOKEN_REQUIRED
    await stopped.sign_up(bootstrap_token="let me in")
    await stopped.join("bob@example.com")


async def test_an_invited_person_signs_up_with_the_mailed_token_once(identity: Identity) -> None:
    await identity.sign_up()
    invited, token = await identity.invited("Bob@Example.com")

    other = RegisterUser(email="eve@example.com", password=PASSWORD, invite_token=token)
    assert await refused(identity, other) == Rule.INVITE_EMAIL_MISMATCH
    for wrong in (token[:-1], token + "x", invited.invitation_id, "x" * 40, "", f"{invited.invitation_id}.AAAA"):
        command = RegisterUser(email="bob@example.com", password=PASSWORD, invite_token=wrong)
        assert await refused(identity, command) == (Rule.INVITE_NOT_FOUND if wrong else Rule.SIGNUPS_CLOSED)

    bob = await identity.sign_up("bob@example.com", invite_token=token, username="bob")
    assert bob.id == invited.user_id
    assert (bob.signed.user.status, bob.signed.user.roles) == (UserStatus.ACTIVE, ())
    again = RegisterUser(email="bob@example.com", password=PASSWORD, invite_token=token)
    assert await refused(identity, again) == Rule.INVITE_NOT_FOUND


async def test_of_sign_ups_with_one_token_at_once_one_wins(stopped: Identity) -> None:
    for _ in range(2):
        await stopped.start()
    await stopped.sign_up()
    _, token = await stopped.invited("bob@example.com")
    command = {"email": "bob@example.com", "password": PASSWORD, "invite_token": token}
    outcomes = await asyncio.gather(
        *(stopped.ask(RegisterUser.model_validate(command)) for _ in range(4)), return_exceptions=True
    )
    lost = [each for each in outcomes if isinstance(each, BaseException)]
    assert len(lost) == 3
    # Who comes late reads the invitation as used already.
    told = {each.rule for each in lost if isinstance(each, Rejected)}
    assert told <= {Rule.EMAIL_IN_USE, Rule.INVITE_NOT_FOUND}
    assert len(await stopped.fetch("select * from read.users where email = 'bob@example.com'")) == 1


async def test_signing_in_by_address_or_name_without_letter_case(identity: Identity) -> None:
    await identity.sign_up()
    await identity.join("bob@example.com")
    carl = await identity.sign_up(
        "carl@example.com", username="Carl", invite_token=(await identity.invited("carl@example.com"))[1]
    )
    for name in ("carl@example.com", "CARL@example.com ", "carl", " CARL"):
        signed = await identity.ask(SignIn(identity=name, password=PASSWORD, duration_days=3))
        assert signed.user == carl.signed.user
        assert signed.session is not None
        assert (signed.session.expires_at - signed.session.issued_at).days == 3
        assert (await identity.principal(signed.session.token)).subject == carl.id


async def test_unknown_and_wrong_are_answered_alike(identity: Identity) -> None:
    await identity.sign_up()
    await identity.invited("invited@example.com")
    for name in ("ann@example.com", "nobody@example.com", "nobody", "", "@", "invited@example.com", "x" * 1000):
        began = time.monotonic()
        with pytest.raises(Rejected) as error:
            await identity.ask(SignIn(identity=name, password="not the password"))
        assert time.monotonic() - began >= EVERY_S
        assert (error.value.rule, error.value.text) == (
            Rule.BAD_CREDENTIALS,
            "the identity or the password is wrong",
        )


async def test_a_name_is_held_by_one_person(identity: Identity) -> None:
    await identity.sign_up(username="ann")
    _, token = await identity.invited("bob@example.com")
    taken = RegisterUser(email="bob@example.com", password=PASSWORD, username="ANN", invite_token=token)
    assert await refused(identity, taken) == Rule.USERNAME_IN_USE
    posing = taken.model_copy(update={"username": "ann@example.com"})
    assert await refused(identity, posing) == Rule.INVALID_TEXT


async def test_what_is_wrong_is_refused_and_leaves_nothing(identity: Identity) -> None:
    wrong = [
        ("no address", PASSWORD, Rule.INVALID_EMAIL),
        ("a@b", PASSWORD, Rule.INVALID_EMAIL),
        ("", PASSWORD, Rule.INVALID_EMAIL),
        ("ann@example.com", "1234567", Rule.WEAK_PASSWORD),
        ("ann@example.com", "x" * 129, Rule.WEAK_PASSWORD),
        ("ann@example.com", "Password1", Rule.WEAK_PASSWORD),
    ]
    for email, password, rule in wrong:
        assert await refused(identity, RegisterUser(email=email, password=password)) == rule
    assert (await identity.ask(SignUps())).initial
    assert await identity.fetch("select * from events where stream like 'user-%'") == []


async def test_a_token_that_was_tampered_with_is_nobodys(identity: Identity) -> None:
    ann = await identity.sign_up()
    head, body, signature = ann.token.split(".")
    other = (
        await identity.sign_up("bob@example.com", invite_token=(await identity.invited("bob@example.com"))[1])
    ).token
    forged = [
        f"{head}.{other.split('.')[1]}.{signature}",
        f"{head}.{body}.",
        "",
        "x",
        f"e30.{body}.{signature}",
        "a.b.c",
    ]
    unsigned = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"
    for token in [*forged, f"{unsigned}.{body}."]:
        with pytest.raises(Unauthenticated):
            await identity.ask(Authenticate(token=token))


async def test_a_repeated_sign_in_gets_the_same_token(identity: Identity) -> None:
    ann = await identity.sign_up()
    command = SignIn(identity="ann@example.com", password=PASSWORD)
    id_ = new_message_id()
    answers = [await identity.ask(command, message_id=id_) for _ in range(3)]
    assert len({each.model_dump_json() for each in answers}) == 1
    assert answers[0].user == ann.signed.user


async def test_starting_replicas_make_one_organization_and_one_key(stopped: Identity) -> None:
    await asyncio.gather(*(stopped.start() for _ in range(3)))
    await stopped.sign_up()
    assert len(await stopped.fetch("select * from events where type_name = 'organization.created'")) == 1
    assert len(await stopped.fetch("select * from signing_keys")) == 1
    tokens = await asyncio.gather(
        *(stopped.ask(SignIn(identity="ann@example.com", password=PASSWORD)) for _ in range(6))
    )
    for signed in tokens:
        assert signed.session is not None
        assert (await stopped.principal(signed.session.token)).subject == signed.user.id


async def test_nothing_personal_is_stored_in_the_clear(identity: Identity) -> None:
    await identity.sign_up("ann@example.com", username="annie", full_name="Ann Lee")
    await identity.join("bob@example.com")
    stored = await identity.fetch(
        """
        select data::text || metadata::text as text from events
        union all select value from claims
        union all select outcome::text from receipts
        """
    )
    text = "\n".join(row["text"] for row in stored)
    for secret in ("ann@example.com", "annie", "Ann Lee", "bob@example.com", "argon2", PASSWORD):
        assert secret not in text
