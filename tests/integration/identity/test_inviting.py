"""The commands of the invites service."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.identity.contract import (
    AddWorkspaceUser,
    InvitationId,
    InviteUser,
    RegisterUser,
    Role,
    Rule,
    WithdrawInvitation,
)
from shared.auth import ANONYMOUS, service_principal, workspace
from shared.clock import utc_now
from shared.errors import AerodromeError, Forbidden, Invalid, NotFound, Rejected, Unauthenticated
from shared.ids import new_message_id
from shared.messages import Command
from tests.integration.identity.service import INVITES, PASSWORD, Identity


async def refusal(identity: Identity, command: Command[Any]) -> AerodromeError:
    with pytest.raises(AerodromeError) as refused:
        await identity.ask(command, INVITES)
    return refused.value


async def test_only_invites_may_invite_and_withdraw(identity: Identity) -> None:
    ann = await identity.sign_up()
    invited, _ = await identity.invited("bob@example.com")
    invite, withdraw = InviteUser(email="x@example.com"), WithdrawInvitation(invitation_id=invited.invitation_id)
    commands: list[Command[Any]] = [invite, withdraw]
    for command in commands:
        for asker in (ann.now, service_principal("deployments"), service_principal("identity")):
            with pytest.raises(Forbidden):
                await identity.ask(command, asker)
        with pytest.raises(Unauthenticated):
            await identity.ask(command, ANONYMOUS)


async def test_an_address_is_invited_once_at_a_time(stopped: Identity) -> None:
    for _ in range(2):
        await stopped.start()
    await stopped.sign_up()
    outcomes = await asyncio.gather(
        *(stopped.ask(InviteUser(email="bob@example.com"), INVITES) for _ in range(4)), return_exceptions=True
    )
    lost = [each for each in outcomes if isinstance(each, BaseException)]
    assert {each.rule for each in lost if isinstance(each, Rejected)} == {Rule.USER_ALREADY_INVITED}
    assert len(lost) == 3


async def test_a_repeated_invitation_is_the_first_one(identity: Identity) -> None:
    await identity.sign_up()
    id_ = new_message_id()
    answers = [
        await identity.ask(InviteUser(email="bob@example.com"), INVITES, message_id=id_, keyed=True) for _ in range(3)
    ]
    assert answers == [answers[0]] * 3
    assert len(await identity.fetch("select * from events where type_name = 'user.invited'")) == 1


async def test_who_has_an_account_is_not_invited(identity: Identity) -> None:
    await identity.sign_up()
    assert (await refusal(identity, InviteUser(email="ANN@example.com"))).rule == Rule.EMAIL_IN_USE


async def test_what_does_not_fit_is_refused(identity: Identity) -> None:
    ann = await identity.sign_up()
    place = await identity.workspace(ann)
    here = workspace(place.id)
    for scope, roles in (
        (here, ()),
        (here, (Role.SYSTEM_VIEWER,)),
        ("system", (Role.WORKSPACE_ADMIN,)),
        (here, (Role.WORKSPACE_ADMIN, Role.WORKSPACE_VIEWER)),
    ):
        wrong = InviteUser(email="bob@example.com", scope=scope, roles=roles)
        assert (await refusal(identity, wrong)).rule == Rule.INVALID_ROLE
    nowhere = InviteUser(email="bob@example.com", scope="workspace:cnowhere", roles=(Role.WORKSPACE_VIEWER,))
    assert isinstance(await refusal(identity, nowhere), NotFound)
    for scope in ("", "workspace:", "elsewhere"):
        wrong = InviteUser(email="bob@example.com", scope=scope, roles=(Role.WORKSPACE_VIEWER,))
        assert isinstance(await refusal(identity, wrong), Invalid | Rejected)
    assert (await refusal(identity, InviteUser(email="nobody"))).rule == Rule.INVALID_EMAIL


async def test_a_withdrawn_invitation_opens_no_door(identity: Identity) -> None:
    await identity.sign_up()
    invited, token = await identity.invited("bob@example.com")
    withdraw = WithdrawInvitation(invitation_id=invited.invitation_id)
    id_ = new_message_id()
    for _ in range(2):
        assert await identity.ask(withdraw, INVITES, message_id=id_, keyed=True) == invited
    assert (await refusal(identity, withdraw)).rule == Rule.INVITE_NOT_FOUND
    unknown = WithdrawInvitation(invitation_id=InvitationId("cunknown"))
    assert (await refusal(identity, unknown)).rule == Rule.INVITE_NOT_FOUND
    with pytest.raises(Rejected) as refused:
        await identity.ask(RegisterUser(email="bob@example.com", password=PASSWORD, invite_token=token))
    assert refused.value.rule == Rule.INVITE_NOT_FOUND
    again, _ = await identity.invited("bob@example.com")
    assert again.user_id != invited.user_id


async def test_an_accepted_invitation_is_not_withdrawn(identity: Identity) -> None:
    await identity.sign_up()
    invited, token = await identity.invited("bob@example.com")
    await identity.sign_up("bob@example.com", invite_token=token)
    withdraw = WithdrawInvitation(invitation_id=invited.invitation_id)
    assert (await refusal(identity, withdraw)).rule == Rule.INVITE_NOT_FOUND


async def test_accepting_and_withdrawing_at_once_have_one_winner(stopped: Identity) -> None:
    for _ in range(2):
        await stopped.start()
    await stopped.sign_up()
    for n in range(4):
        email = f"bob{n}@example.com"
        invited, token = await stopped.invited(email)
        outcomes = await asyncio.gather(
            stopped.ask(RegisterUser(email=email, password=PASSWORD, invite_token=token)),
            stopped.ask(WithdrawInvitation(invitation_id=invited.invitation_id), INVITES),
            return_exceptions=True,
        )
        lost = [each for each in outcomes if isinstance(each, BaseException)]
        assert [each.rule for each in lost if isinstance(each, Rejected)] == [Rule.INVITE_NOT_FOUND]


async def test_one_token_accepts_every_open_invitation(identity: Identity) -> None:
    ann = await identity.sign_up()
    places = [await identity.workspace(ann, label) for label in ("One", "Two")]
    _, token = await identity.invited("bob@example.com")
    for place, role in zip(places, (Role.WORKSPACE_EDITOR, Role.WORKSPACE_VIEWER), strict=True):
        await identity.ask(AddWorkspaceUser(workspace_id=place.id, email="bob@example.com", role=role), ann.now)
    bob = await identity.sign_up("bob@example.com", invite_token=token)
    assert [(role.role, role.entity) for role in bob.signed.user.roles] == [
        (Role.WORKSPACE_EDITOR, workspace(places[0].id)),
        (Role.WORKSPACE_VIEWER, workspace(places[1].id)),
    ]
    assert await identity.fetch("select * from read.invitations") == []


async def test_an_expired_invitation_opens_no_door_and_bars_no_other(identity: Identity) -> None:
    await identity.sign_up()
    long_ago = utc_now() - timedelta(days=8)
    old = await identity.ask(InviteUser(email="bob@example.com", now=long_ago), INVITES)
    assert await identity.mail_token(old.user_id, old.invitation_id) == ""
    new, token = await identity.invited("bob@example.com")
    assert new.user_id == old.user_id
    bob = await identity.sign_up("bob@example.com", invite_token=token)
    assert bob.id == old.user_id
