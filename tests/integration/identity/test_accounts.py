"""Accounts: confirmed by mail, given new passwords and profiles, suspended and reinstated; and who may."""

import asyncio
from typing import Any

import pytest

from services.identity.contract import (
    Authenticate,
    ConfirmEmail,
    EndSession,
    MailPurpose,
    RegisterUser,
    RemoveUser,
    RequestConfirmation,
    RequestPasswordReset,
    ResetPassword,
    Role,
    Rule,
    SessionId,
    Sessions,
    SetUserStatus,
    SignIn,
    UpdateUser,
    UserId,
    UserStatus,
    VerifyEmail,
)
from services.identity.handlers.even import EVERY_S
from shared.auth import ANONYMOUS, SYSTEM, Principal, workspace
from shared.errors import Forbidden, Invalid, NotFound, Rejected, Unauthenticated
from shared.messages import Ask
from tests.integration.identity.service import PASSWORD, Identity, Somebody

OTHER_PASSWORD = "another good one"
NOBODY = UserId("cnobody0000000000000000000")


async def refused(identity: Identity, command: Ask[Any], asker: Principal = ANONYMOUS) -> str:
    with pytest.raises((Rejected, Invalid)) as error:
        await identity.ask(command, asker)
    return error.value.rule


async def open_to_all(stopped: Identity) -> Somebody:
    """Start identity where anybody may sign up, and return its administrator."""
    await stopped.start(public_signups=True)
    return await stopped.sign_up()


async def pending(identity: Identity, email: str = "bob@example.com") -> UserId:
    """Return somebody who awaits confirmation."""
    signed = await identity.ask(RegisterUser(email=email, password=PASSWORD))
    assert (signed.session, signed.user.status) == (None, UserStatus.PENDING)
    return signed.user.id


async def asked_for_reset(identity: Identity, somebody: Somebody) -> str:
    """Return the token that a wish for a new password mails."""
    await identity.ask(RequestPasswordReset(email=somebody.signed.user.email))
    return await identity.link_token(somebody.id, MailPurpose.RESET)


async def test_the_mailed_token_confirms_once_and_signs_in(stopped: Identity) -> None:
    await open_to_all(stopped)
    bob = await pending(stopped)
    token = await stopped.link_token(bob, MailPurpose.CONFIRM)
    for wrong in ("", bob, token[:-1], token + "A", f"{bob}.AAAA", token.replace(bob, NOBODY)):
        assert await refused(stopped, ConfirmEmail(token=wrong)) == Rule.INVALID_TOKEN

    signed = await stopped.ask(ConfirmEmail(token=token))

    assert (signed.user.status, signed.user.email_verified) == (UserStatus.ACTIVE, True)
    somebody = await stopped.somebody(signed)
    assert somebody.now.subject == bob
    assert await refused(stopped, ConfirmEmail(token=token)) == Rule.INVALID_TOKEN
    assert (await stopped.ask(SignIn(identity="bob@example.com", password=PASSWORD))).session


async def test_confirming_an_invited_address_brings_the_invited_roles(stopped: Identity) -> None:
    await open_to_all(stopped)
    await stopped.invited("bob@example.com", roles=(Role.SYSTEM_VIEWER,))
    bob = await pending(stopped)
    signed = await stopped.ask(ConfirmEmail(token=await stopped.link_token(bob, MailPurpose.CONFIRM)))
    assert [(role.role, role.entity) for role in signed.user.roles] == [(Role.SYSTEM_VIEWER, SYSTEM)]
    assert await stopped.fetch("select * from read.invitations") == []


async def test_of_confirmations_with_one_token_at_once_one_wins(stopped: Identity) -> None:
    await open_to_all(stopped)
    await stopped.start(public_signups=True)
    token = await stopped.link_token(await pending(stopped), MailPurpose.CONFIRM)
    outcomes = await asyncio.gather(*(stopped.ask(ConfirmEmail(token=token)) for _ in range(4)), return_exceptions=True)
    lost = [each.rule for each in outcomes if isinstance(each, Rejected)]
    assert lost == [Rule.INVALID_TOKEN] * 3
    assert len(await stopped.fetch("select * from events where type_name = 'user.email_confirmed'")) == 1


async def test_wishes_for_mails_answer_alike_for_everybody_in_equal_time(stopped: Identity) -> None:
    ann = await open_to_all(stopped)
    await pending(stopped)
    loop = asyncio.get_running_loop()
    for email in ("ann@example.com", "nobody@example.com", "no address", "", "bob@example.com"):
        for wish in (RequestPasswordReset(email=email), RequestConfirmation(email=email)):
            began = loop.time()
            answer = await stopped.answered(wish)
            spent = loop.time() - began
            assert (answer.position, answer.stream) == (0, "")
            assert spent >= EVERY_S - 0.01
    mailed = await stopped.fetch("select stream, type_name from events where type_name like 'user.%requested'")
    assert [(row["stream"], row["type_name"]) for row in mailed if row["stream"].endswith(ann.id)] == [
        (f"user-{ann.id}", "user.password_reset_requested")
    ]
    assert len(mailed) == 2  # bob's own sign-up was less than a minute ago


async def test_a_reset_works_once_and_ends_every_other_session(identity: Identity) -> None:
    await identity.sign_up()
    bob = await identity.join("bob@example.com")
    token = await asked_for_reset(identity, bob)
    weak = [ResetPassword(token=token, password=word) for word in ("short", "password1", "BOB@example.com")]
    assert [await refused(identity, each) for each in weak] == [Rule.WEAK_PASSWORD] * 3

    signed = await identity.ask(ResetPassword(token=token, password=OTHER_PASSWORD))

    assert await refused(identity, ResetPassword(token=token, password=PASSWORD)) == Rule.INVALID_RESET_TOKEN
    with pytest.raises(Unauthenticated):
        await identity.ask(Authenticate(token=bob.token))
    again = await identity.somebody(signed)
    assert again.id == bob.id
    assert await refused(identity, SignIn(identity="bob@example.com", password=PASSWORD)) == Rule.BAD_CREDENTIALS
    assert (await identity.ask(SignIn(identity="bob@example.com", password=OTHER_PASSWORD))).session
    await identity.settled()
    ended = await identity.fetch("select data::json->>'reason' as reason from events where type_name = 'session.ended'")
    assert [row["reason"] for row in ended] == ["password_changed"]
    assert len((await identity.ask(Sessions(user_id=bob.id), again.now)).rows) == 2


async def test_of_resets_with_one_token_at_once_one_wins(stopped: Identity) -> None:
    for _ in range(2):
        await stopped.start()
    ann = await stopped.sign_up()
    token = await asked_for_reset(stopped, ann)
    commands = [ResetPassword(token=token, password=f"{OTHER_PASSWORD} {n}") for n in range(4)]
    outcomes = await asyncio.gather(*(stopped.ask(each) for each in commands), return_exceptions=True)
    assert [each.rule for each in outcomes if isinstance(each, Rejected)] == [Rule.INVALID_RESET_TOKEN] * 3
    assert len(await stopped.fetch("select * from events where type_name = 'user.password_changed'")) == 1


async def test_a_reset_that_races_a_removal_leaves_nobody_signed_in(stopped: Identity) -> None:
    for _ in range(2):
        await stopped.start()
    ann = await stopped.sign_up()
    bob = await stopped.join("bob@example.com")
    token = await asked_for_reset(stopped, bob)
    reset, removal = await asyncio.gather(
        stopped.ask(ResetPassword(token=token, password=OTHER_PASSWORD)),
        stopped.ask(RemoveUser(user_id=bob.id), ann.now),
        return_exceptions=True,
    )
    assert not isinstance(removal, BaseException)
    if isinstance(reset, BaseException):
        assert isinstance(reset, Rejected)
    else:
        assert reset.session is not None
        with pytest.raises(Unauthenticated):
            await stopped.ask(Authenticate(token=reset.session.token))


async def test_a_profile_is_changed_by_its_person_or_an_administrator(identity: Identity) -> None:
    ann = await identity.sign_up()
    bob = await identity.join("bob@example.com", roles=(Role.SYSTEM_EDITOR,))
    url = "https://pictures.example.com/bob.png"
    row = await identity.ask(UpdateUser(user_id=bob.id, full_name=" Bob B ", avatar_url=url), bob.now)
    assert (row.full_name, row.avatar_url) == ("Bob B", url)
    assert (await identity.ask(Authenticate(token=bob.token))).user == row
    assert (await identity.ask(UpdateUser(user_id=bob.id, avatar_url=""), ann.now)).avatar_url == ""
    for target in (ann.id, NOBODY):
        with pytest.raises(Forbidden):
            await identity.ask(UpdateUser(user_id=target, full_name="x"), bob.now)
    with pytest.raises(NotFound):
        await identity.ask(UpdateUser(user_id=NOBODY, full_name="x"), ann.now)
    for wrong in ("javascript:alert(1)", "https://", "x" * 3000, "http://a b", "data:image/png;base64,AA"):
        assert await refused(identity, UpdateUser(user_id=bob.id, avatar_url=wrong), bob.now) == Rule.INVALID_TEXT


async def test_a_suspended_person_is_out_at_once_and_back_with_all_they_had(identity: Identity) -> None:
    ann = await identity.sign_up()
    bob = await identity.join("bob@example.com", roles=(Role.SYSTEM_ADMIN,))
    await identity.team(ann, bob, role=Role.SYSTEM_VIEWER)
    row = await identity.ask(SetUserStatus(user_id=bob.id, status="banned"), ann.now)
    assert row.status is UserStatus.BANNED
    with pytest.raises(Unauthenticated):
        await identity.ask(Authenticate(token=bob.token))
    with pytest.raises(Unauthenticated):
        await identity.ask(UpdateUser(user_id=bob.id, full_name="x"), bob.now)
    sign_in = SignIn(identity="bob@example.com", password=PASSWORD)
    assert await refused(identity, sign_in) == Rule.BAD_CREDENTIALS
    assert await refused(identity, SetUserStatus(user_id=ann.id, status="inactive"), ann.now) == Rule.LAST_ADMIN

    back = await identity.ask(SetUserStatus(user_id=bob.id, status="active"), ann.now)

    assert (back.status, [role.role for role in back.roles]) == (UserStatus.ACTIVE, [Role.SYSTEM_ADMIN])
    with pytest.raises(Unauthenticated):
        await identity.ask(Authenticate(token=bob.token))
    again = await identity.somebody(await identity.ask(sign_in))
    assert {Role.SYSTEM_ADMIN, Role.SYSTEM_VIEWER} <= {grant.role for grant in again.now.grants}
    assert (await identity.ask(SetUserStatus(user_id=ann.id, status="inactive"), again.now)).status == "inactive"


async def test_of_owners_who_suspend_each_other_at_once_one_stays(stopped: Identity) -> None:
    for _ in range(2):
        await stopped.start()
    ann = await stopped.sign_up()
    bob = await stopped.join("bob@example.com", roles=(Role.SYSTEM_ADMIN,))
    await asyncio.gather(
        stopped.ask(SetUserStatus(user_id=bob.id, status="banned"), ann.now),
        stopped.ask(SetUserStatus(user_id=ann.id, status="banned"), bob.now),
        return_exceptions=True,
    )
    active = await stopped.fetch("select id from read.users where status = 'active'")
    assert len(active) == 1


async def test_status_and_address_are_for_administrators(stopped: Identity) -> None:
    ann = await open_to_all(stopped)
    bob = await stopped.join("bob@example.com", roles=(Role.SYSTEM_EDITOR,))
    carl = await pending(stopped, "carl@example.com")
    for target in (ann.id, bob.id, carl, NOBODY):
        with pytest.raises(Forbidden):
            await stopped.ask(SetUserStatus(user_id=target, status="inactive"), bob.now)
    for email in ("carl@example.com", "nobody@example.com"):
        with pytest.raises(Forbidden):
            await stopped.ask(VerifyEmail(email=email), bob.now)
    with pytest.raises(NotFound):
        await stopped.ask(VerifyEmail(email="nobody@example.com"), ann.now)
    assert (await stopped.ask(VerifyEmail(email="Carl@example.com"), ann.now)).status is UserStatus.ACTIVE


async def test_a_session_is_listed_and_ended_by_its_person_or_an_administrator(identity: Identity) -> None:
    ann = await identity.sign_up()
    bob = await identity.join("bob@example.com", roles=(Role.SYSTEM_VIEWER,))
    carl = await identity.join("carl@example.com")
    other = await identity.somebody(await identity.ask(SignIn(identity="bob@example.com", password=PASSWORD)))
    rows = (await identity.ask(Sessions(user_id=bob.id), bob.now)).rows
    assert [row.id for row in rows] == [bob.now.credential, other.now.credential]
    assert len((await identity.ask(Sessions(user_id=ann.id), bob.now)).rows) == 1
    with pytest.raises(Forbidden):
        await identity.ask(Sessions(user_id=bob.id), carl.now)
    for foreign in (ann.now.credential, "cnosession000000000000000"):
        with pytest.raises(Forbidden):
            await identity.ask(EndSession(session_id=SessionId(foreign)), carl.now)
    with pytest.raises(NotFound):
        await identity.ask(EndSession(session_id=SessionId("cnosession000000000000000")), ann.now)

    await identity.ask(EndSession(session_id=SessionId(other.now.credential)), bob.now)
    await identity.ask(EndSession(session_id=SessionId(other.now.credential)), bob.now)
    await identity.ask(EndSession(session_id=SessionId(carl.now.credential)), ann.now)
    await identity.ask(EndSession(session_id=SessionId(bob.now.credential)), bob.now)

    for token in (other.token, carl.token, bob.token):
        with pytest.raises(Unauthenticated):
            await identity.ask(Authenticate(token=token))
    ended = await identity.fetch("select data::json->>'reason' as reason from events where type_name = 'session.ended'")
    assert [row["reason"] for row in ended] == ["ended", "ended", "signed_out"]


async def test_signing_in_to_a_workspace_takes_a_role_there(identity: Identity) -> None:
    ann = await identity.sign_up()
    place = await identity.workspace(ann)
    await identity.member(ann, place, "bob@example.com", Role.WORKSPACE_VIEWER)
    await identity.join("carl@example.com")
    dora = await identity.join("dora@example.com")
    await identity.team(ann, dora, role=Role.WORKSPACE_VIEWER, entity=workspace(place.id))
    for name in ("ann", "bob", "dora"):
        wish = SignIn(identity=f"{name}@example.com", password=PASSWORD, workspace_id=place.id)
        assert (await identity.ask(wish)).session
    for stranger in (
        SignIn(identity="carl@example.com", password=PASSWORD, workspace_id=place.id),
        SignIn.model_validate({"identity": "ann@example.com", "password": PASSWORD, "workspace_id": "cnowhere"}),
    ):
        with pytest.raises(Forbidden):
            await identity.ask(stranger)


async def test_everybody_gets_a_workspace_of_their_own_where_the_setting_says_so(stopped: Identity) -> None:
    await stopped.start(public_signups=True, create_default_workspace=True)
    ann = await stopped.sign_up(full_name="Ann Lee")
    bob = await pending(stopped)
    await stopped.ask(ConfirmEmail(token=await stopped.link_token(bob, MailPurpose.CONFIRM)))
    places = await stopped.fetch("select w.label, b.user_id, b.role from read.workspaces w join read.role_bindings b"
        " on b.entity = 'workspace:' || w.id order by w.id")  # fmt: skip
    assert [(row["label"], row["user_id"], row["role"]) for row in places] == [
        ("My Workspace", ann.id, "WORKSPACE_ADMIN"),
        ("My Workspace", bob, "WORKSPACE_ADMIN"),
    ]
