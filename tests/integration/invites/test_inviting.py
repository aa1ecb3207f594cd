"""From the wish to the mail and into the workspace: what an invite is, once, for everybody who may know."""

import asyncio

import pytest

from services.identity.contract import (
    AddWorkspaceUser,
    CreateWorkspace,
    LoadUsers,
    Role,
    UpdateWorkspaceUserRole,
    UserId,
    WorkspaceId,
)
from services.identity.contract import Rule as IdentityRule
from services.invites.contract import CreateInvite, InviteId, Invites, InviteStatus, InviteTokens, Rule, WithdrawInvite
from shared.auth import workspace
from shared.errors import Forbidden, Invalid, NotFound, Rejected, Unauthenticated, Unavailable
from shared.ids import new_id, new_message_id
from tests.integration.invites.installation import NOBODY, PUBLIC_URL, Installation, Person
from tests.integration.invites.post_office import PostOffice, token_in

JANE = "jane@example.com"


async def new_workspace(aerodrome: Installation, owner: Person, label: str = "Analytics") -> WorkspaceId:
    return (await aerodrome.ask(CreateWorkspace(label=label), owner)).id


async def invite_to(aerodrome: Installation, place: WorkspaceId, email: str) -> InviteId:
    command = CreateInvite(email=email, workspace_id=place, role=Role.WORKSPACE_VIEWER)
    return (await aerodrome.ask(command, aerodrome.admin)).id


async def member(aerodrome: Installation, office: PostOffice, email: str) -> Person:
    """Return somebody who was invited without a role."""
    await aerodrome.ask(CreateInvite(email=email), aerodrome.admin)
    (mail,) = await office.wait(mails=1)
    return await aerodrome.sign_up(email, invite_token=token_in(mail, below=PUBLIC_URL))


async def test_an_invited_person_signs_up_with_the_mailed_link(aerodrome: Installation, office: PostOffice) -> None:
    invite = await aerodrome.ask(CreateInvite(email="Jane@Example.com"), aerodrome.admin)
    assert (invite.status, invite.scope, invite.role) == (InviteStatus.PENDING, "system", None)
    assert (invite.inviter, invite.inviter_kind) == (aerodrome.admin.id, "user")
    assert (await aerodrome.invites(pending_only=True)).rows == (invite,)

    (mail,) = await office.wait(mails=1)
    assert (mail["X-RcptTo"], mail["Subject"]) == (JANE, "Your invitation to Flight School")
    jane = await aerodrome.sign_up(JANE, invite_token=token_in(mail, below=PUBLIC_URL))
    await aerodrome.settled()

    assert jane.id == invite.user_id
    assert (await aerodrome.invites(pending_only=True)).rows == ()
    (accepted,) = (await aerodrome.invites(invite.id)).rows
    assert accepted.status is InviteStatus.ACCEPTED


async def test_a_workspace_invite_names_the_workspace_and_gives_its_role_there(
    aerodrome: Installation, office: PostOffice
) -> None:
    place = await new_workspace(aerodrome, aerodrome.admin)
    command = CreateInvite(email=JANE, workspace_id=place, role=Role.WORKSPACE_EDITOR)
    invite = await aerodrome.ask(command, aerodrome.admin)
    assert (invite.workspace_id, invite.role) == (place, Role.WORKSPACE_EDITOR)
    (mail,) = await office.wait(mails=1)
    assert mail["Subject"] == "Your invitation to Analytics"
    jane = await aerodrome.sign_up(JANE, invite_token=token_in(mail, below=PUBLIC_URL))
    (user,) = (await aerodrome.ask(LoadUsers(ids=(UserId(jane.id),)), jane)).rows
    assert [(held.role, held.entity) for held in user.roles] == [(Role.WORKSPACE_EDITOR, workspace(place))]


async def test_an_unknown_address_added_to_a_workspace_is_an_invite_whose_role_can_change(
    aerodrome: Installation, office: PostOffice
) -> None:
    place = await new_workspace(aerodrome, aerodrome.admin)
    added = AddWorkspaceUser(workspace_id=place, email=JANE, role=Role.WORKSPACE_VIEWER)
    await aerodrome.ask(added, aerodrome.admin)
    await aerodrome.settled()
    (invite,) = (await aerodrome.ask(Invites(workspace_ids=(place,)), aerodrome.admin)).rows
    assert (invite.role, invite.inviter) == (Role.WORKSPACE_VIEWER, aerodrome.admin.id)
    await office.wait(mails=1)

    changed = UpdateWorkspaceUserRole(workspace_id=place, email=JANE, role=Role.WORKSPACE_ADMIN)
    await aerodrome.ask(changed, aerodrome.admin)
    await aerodrome.settled()
    (invite,) = (await aerodrome.ask(Invites(workspace_ids=(place,)), aerodrome.admin)).rows
    assert (invite.role, invite.status) == (Role.WORKSPACE_ADMIN, InviteStatus.PENDING)


async def test_what_identity_decided_while_invites_was_away_is_made_up_for(
    aerodrome: Installation, office: PostOffice
) -> None:
    place = await new_workspace(aerodrome, aerodrome.admin)
    await aerodrome.stop("invites")
    with pytest.raises(Unavailable):
        await aerodrome.ask(CreateInvite(email="joe@example.com"), aerodrome.admin)
    await aerodrome.ask(AddWorkspaceUser(workspace_id=place, email=JANE), aerodrome.admin)
    await aerodrome.start("invites")
    await aerodrome.settled()
    (invite,) = (await aerodrome.ask(Invites(), aerodrome.admin)).rows
    assert (invite.workspace_id, invite.role) == (place, Role.WORKSPACE_VIEWER)
    (mail,) = await office.wait(mails=1)
    assert mail["X-RcptTo"] == JANE


async def test_repeats_of_one_command_are_one_invite_and_one_mail(aerodrome: Installation, office: PostOffice) -> None:
    message_id = new_message_id()
    answers = await asyncio.gather(
        *(aerodrome.ask(CreateInvite(email=JANE), aerodrome.admin, message_id=message_id, keyed=True) for _ in range(4))
    )
    later = await aerodrome.ask(CreateInvite(email=JANE), aerodrome.admin, message_id=message_id, keyed=True)
    assert answers == [later] * 4
    assert (await aerodrome.invites()).rows == (later,)
    with pytest.raises(Invalid):
        await aerodrome.ask(CreateInvite(email="joe@example.com"), aerodrome.admin, message_id=message_id, keyed=True)
    await aerodrome.ask(CreateInvite(email="last@example.com"), aerodrome.admin)
    mails = await office.wait(mails=2)
    assert sorted(mail["X-RcptTo"] for mail in mails) == [JANE, "last@example.com"]


async def test_a_repeat_that_was_rejected_is_rejected_again(aerodrome: Installation) -> None:
    message_id = new_message_id()
    first = await aerodrome.ask(CreateInvite(email=JANE), aerodrome.admin)
    for _ in range(2):
        with pytest.raises(Rejected) as rejected:
            await aerodrome.ask(CreateInvite(email=JANE), aerodrome.admin, message_id=message_id, keyed=True)
        assert rejected.value.rule == IdentityRule.USER_ALREADY_INVITED
    await aerodrome.ask(WithdrawInvite(invite_id=first.id), aerodrome.admin)
    with pytest.raises(Rejected):
        await aerodrome.ask(CreateInvite(email=JANE), aerodrome.admin, message_id=message_id, keyed=True)


FORBIDDEN_BY_A_RULE = [
    (CreateInvite(email="admin@example.com"), IdentityRule.EMAIL_IN_USE),
    (CreateInvite(email=JANE, role=Role.WORKSPACE_ADMIN), Rule.INVALID_ROLE),
    (CreateInvite(email=JANE, role=Role.USER), Rule.INVALID_ROLE),
]
NO_ADDRESSES = [
    "",
    "jane",
    "jane@",
    "@example.com",
    "jane@example.com\r\nBcc: eve@example.com",
    "x" * 400 + "@example.com",
]


async def test_what_a_rule_forbids_is_rejected(aerodrome: Installation) -> None:
    for command, rule in FORBIDDEN_BY_A_RULE:
        with pytest.raises(Rejected) as rejected:
            await aerodrome.ask(command, aerodrome.admin)
        assert rejected.value.rule == rule
    assert (await aerodrome.invites()).rows == ()


async def test_what_is_no_address_is_invalid(aerodrome: Installation) -> None:
    for email in NO_ADDRESSES:
        with pytest.raises(Invalid) as invalid:
            await aerodrome.ask(CreateInvite(email=email), aerodrome.admin)
        assert invalid.value.rule == IdentityRule.INVALID_EMAIL
        assert "eve" not in str(invalid.value)
    assert (await aerodrome.invites()).rows == ()


async def test_a_workspace_must_exist_and_needs_a_role(aerodrome: Installation) -> None:
    missing = WorkspaceId(new_id())
    with pytest.raises(NotFound):
        await aerodrome.ask(CreateInvite(email=JANE, workspace_id=missing, role=Role.WORKSPACE_VIEWER), aerodrome.admin)
    with pytest.raises(Rejected) as rejected:
        await aerodrome.ask(CreateInvite(email=JANE, workspace_id=missing), aerodrome.admin)
    assert rejected.value.rule == Rule.INVALID_ROLE


async def test_nobody_invites_without_the_permission_or_gives_more_than_they_hold(
    aerodrome: Installation, office: PostOffice
) -> None:
    owner = await member(aerodrome, office, "owner@example.com")
    place = await new_workspace(aerodrome, owner)
    foreign = await new_workspace(aerodrome, aerodrome.admin, "Finance")
    with pytest.raises(Unauthenticated):
        await aerodrome.ask(CreateInvite(email=JANE), NOBODY)
    for refused in (
        CreateInvite(email=JANE),
        CreateInvite(email=JANE, workspace_id=foreign, role=Role.WORKSPACE_VIEWER),
        CreateInvite(email=JANE, role=Role.SYSTEM_VIEWER),
    ):
        with pytest.raises(Forbidden):
            await aerodrome.ask(refused, owner)
    allowed = CreateInvite(email=JANE, workspace_id=place, role=Role.WORKSPACE_ADMIN)
    assert (await aerodrome.ask(allowed, owner)).workspace_id == place


async def test_invites_are_seen_and_withdrawn_where_one_may(aerodrome: Installation, office: PostOffice) -> None:
    owner = await member(aerodrome, office, "owner@example.com")
    place = await new_workspace(aerodrome, owner)
    foreign = await new_workspace(aerodrome, aerodrome.admin, "Finance")
    own = await invite_to(aerodrome, place, "own@example.com")
    other = await invite_to(aerodrome, foreign, "other@example.com")
    plain = await aerodrome.ask(CreateInvite(email=JANE), aerodrome.admin)

    listed = await aerodrome.ask(Invites(workspace_ids=(place, foreign)), owner)
    assert [row.id for row in listed.rows] == [own]
    assert listed.forbidden == (foreign,)
    by_id = await aerodrome.ask(Invites(ids=(own, other, plain.id)), owner)
    assert [row.id for row in by_id.rows] == [own]
    everything = await aerodrome.ask(Invites(), aerodrome.admin)
    assert {row.id for row in everything.rows} == {own, other, plain.id}
    for asker, error in ((owner, Forbidden), (NOBODY, Unauthenticated)):
        with pytest.raises(error):
            await aerodrome.ask(Invites(), asker)
        for theirs in (other, plain.id):
            with pytest.raises(error):
                await aerodrome.ask(WithdrawInvite(invite_id=theirs), asker)
    assert (await aerodrome.ask(WithdrawInvite(invite_id=own), owner)).status is InviteStatus.PENDING


async def test_invites_are_found_by_address_and_page_by_page(aerodrome: Installation) -> None:
    place = await new_workspace(aerodrome, aerodrome.admin)
    first = await invite_to(aerodrome, place, JANE)
    for number in range(4):
        await aerodrome.ask(CreateInvite(email=f"person{number}@example.com"), aerodrome.admin)
    (found,) = (await aerodrome.ask(Invites(email="JANE@example.com"), aerodrome.admin)).rows
    assert found.id == first
    (found,) = (await aerodrome.ask(Invites(email=JANE, workspace_ids=(place,)), aerodrome.admin)).rows
    assert found.id == first
    assert (await aerodrome.ask(Invites(email="nobody@example.com"), aerodrome.admin)).rows == ()

    seen: list[str] = []
    page = await aerodrome.ask(Invites(limit=2), aerodrome.admin)
    while True:
        seen += [row.id for row in page.rows]
        if not page.more:
            break
        page = await aerodrome.ask(Invites(limit=2, after_id=seen[-1]), aerodrome.admin)
    assert len(seen) == 5
    assert seen == sorted(seen)


async def test_a_token_is_shown_to_who_could_have_made_any_invite(aerodrome: Installation, office: PostOffice) -> None:
    bob = await member(aerodrome, office, "bob@example.com")
    place = await new_workspace(aerodrome, bob)
    await aerodrome.settled()
    invite = await aerodrome.ask(CreateInvite(email=JANE, workspace_id=place, role=Role.WORKSPACE_VIEWER), bob)
    mailed = token_in((await office.wait(mails=2))[-1], below=PUBLIC_URL)
    question = InviteTokens(ids=(invite.id, InviteId(new_id())))
    (shown,) = (await aerodrome.ask(question, aerodrome.admin)).rows
    assert (shown.id, shown.token) == (invite.id, mailed)
    # He made it, but it would accept for him also what others invite her to, now or later.
    assert (await aerodrome.ask(question, bob)).rows == ()
    with pytest.raises(Unauthenticated):
        await aerodrome.ask(question, NOBODY)
