"""Who is known and added to a workspace is told by mail: once, not of what they did themselves, and not too often."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from services.identity.contract import (
    AddGroupUser,
    AddWorkspaceUser,
    BindMode,
    BindUser,
    CreateServiceAccount,
    CreateTeam,
    CreateWorkspace,
    DeleteWorkspace,
    RegisterUser,
    RemoveUser,
    RemoveWorkspaceUser,
    RequestPasswordReset,
    Role,
    SetTeamRole,
    UpdateUser,
    UpdateWorkspaceUserRole,
    UserId,
    WorkspaceId,
)
from services.identity.domain.groups import groups_of
from services.identity.handlers.gate import FOR_MAILS
from services.invites.contract import CreateInvite
from shared.auth import SYSTEM, workspace
from shared.messages import Command
from tests.conftest import NewDatabase
from tests.integration.invites.installation import NOBODY, PASSWORD, PUBLIC_URL, Installation, Person, installation
from tests.integration.invites.post_office import PostOffice, text_of, token_in
from tests.servers import NatsForTests

BOB = "bob@example.com"
KEY = "0123456789abcdef0123456789abcdef"
DONE = "select 1 from outbox where kind = 'mail' and done_at is not null having count(*) = $1"
WISHED = "select 1 from events where type_name = 'mail.requested' and data::json ->> 'purpose' = 'workspace_added'"


async def known(aerodrome: Installation, office: PostOffice, email: str = BOB) -> Person:
    """Return an active person, who came by an invitation."""
    await aerodrome.ask(CreateInvite(email=email), aerodrome.admin)
    invited = await office.mail_to(email)
    return await aerodrome.sign_up(email, invite_token=token_in(invited, below=PUBLIC_URL))


async def new_workspace(aerodrome: Installation, owner: Person, label: str = "Analytics") -> WorkspaceId:
    return (await aerodrome.ask(CreateWorkspace(label=label), owner)).id


async def wished(aerodrome: Installation) -> int:
    """Return how many such mails were ever asked for, once invites knows all that identity has decided."""
    await aerodrome.settled()
    return len(await aerodrome.fetch("invites", WISHED))


async def ask_all(aerodrome: Installation, wishes: Sequence[Command[Any]]) -> None:
    for wish in wishes:
        await aerodrome.ask(wish, aerodrome.admin)


@pytest.mark.parametrize("email", [BOB, "BOB@Example.COM", "  bob@example.com\t"])
async def test_a_known_person_is_told_where_as_what_and_by_whom(
    aerodrome: Installation, office: PostOffice, email: str
) -> None:
    await known(aerodrome, office)
    await aerodrome.ask(UpdateUser(user_id=UserId(aerodrome.admin.id), full_name="Ann Lee"), aerodrome.admin)
    place = await new_workspace(aerodrome, aerodrome.admin)
    add = AddWorkspaceUser(workspace_id=place, email=email, role=Role.WORKSPACE_EDITOR)
    await aerodrome.ask(add, aerodrome.admin)
    (_, mail) = await office.wait(mails=2)
    assert (mail["X-RcptTo"], mail["Subject"]) == (BOB, "You were added to Analytics")
    told = 'the workspace "Analytics" of Flight School with the role WORKSPACE_EDITOR by Ann Lee.'
    assert told in text_of(mail)
    assert f"\n{PUBLIC_URL}/\n" in text_of(mail).replace("\r\n", "\n")
    assert f'href="{PUBLIC_URL}/"' in text_of(mail, "html")


async def test_whatever_command_adds_them_tells_them_once(aerodrome: Installation, office: PostOffice) -> None:
    bob = UserId((await known(aerodrome, office)).id)
    places = [await new_workspace(aerodrome, aerodrome.admin, label) for label in ("One", "Two", "Three", "Four")]
    group = groups_of(workspace(places[3]))[0]
    wishes: Sequence[Command[Any]] = (
        BindUser(entity=workspace(places[0]), role=Role.WORKSPACE_VIEWER, user_id=bob),
        BindUser(entity=workspace(places[1]), role=Role.WORKSPACE_VIEWER, email=BOB, mode=BindMode.SET),
        UpdateWorkspaceUserRole(workspace_id=places[2], email=BOB, role=Role.WORKSPACE_VIEWER, create_missing=True),
        AddGroupUser(group_id=group.id, user_id=bob),
    )
    await ask_all(aerodrome, wishes)
    mails = await office.wait(mails=5)
    subjects = sorted(mail["Subject"] for mail in mails[1:])
    assert subjects == [f"You were added to {label}" for label in ("Four", "One", "Three", "Two")]
    # Other roles in them, and what they hold elsewhere, are no news.
    others: Sequence[Command[Any]] = (
        UpdateWorkspaceUserRole(workspace_id=places[0], email=BOB, role=Role.WORKSPACE_ADMIN, create_missing=True),
        BindUser(entity=workspace(places[1]), role=Role.WORKSPACE_EDITOR, user_id=bob, mode=BindMode.SET),
        BindUser(entity=SYSTEM, role=Role.SYSTEM_VIEWER, user_id=bob),
    )
    await ask_all(aerodrome, others)
    assert await wished(aerodrome) == 4


async def test_a_service_account_is_named_by_its_label(aerodrome: Installation, office: PostOffice) -> None:
    await known(aerodrome, office)
    place = await new_workspace(aerodrome, aerodrome.admin)
    await aerodrome.ask(CreateServiceAccount(label="terraform", entity=SYSTEM, key=KEY), aerodrome.admin)
    await aerodrome.ask(AddWorkspaceUser(workspace_id=place, email=BOB), Person(token=KEY))
    (_, mail) = await office.wait(mails=2)
    assert "with the role WORKSPACE_VIEWER by terraform." in text_of(mail)


async def test_nobody_is_told_what_they_did_or_what_another_mail_says(
    database: NewDatabase, nats_server: NatsForTests, office: PostOffice
) -> None:
    settings = {"public_signups": True, "create_default_workspace": True}
    async with installation(database, nats_server, smtp_port=office.port, identity=settings) as aerodrome:
        bob = await known(aerodrome, office)
        theirs = await new_workspace(aerodrome, bob)
        await aerodrome.ask(AddWorkspaceUser(workspace_id=theirs, email="admin@example.com"), aerodrome.admin)
        await aerodrome.ask(AddWorkspaceUser(workspace_id=theirs, email="carl@example.com"), aerodrome.admin)
        invited = (await office.wait(mails=2))[-1]
        await aerodrome.sign_up("carl@example.com", invite_token=token_in(invited, below=PUBLIC_URL))
        new = AddWorkspaceUser(workspace_id=theirs, email="dora@example.com", bypass_invite=True)
        await aerodrome.ask(new, aerodrome.admin)
        await aerodrome.ask(RegisterUser(email="eve@example.com", password=PASSWORD), NOBODY)
        await aerodrome.ask(AddWorkspaceUser(workspace_id=theirs, email="eve@example.com"), aerodrome.admin)
        team = CreateTeam(name="Pilots", member_ids=(UserId(bob.id),))
        made = await aerodrome.ask(team, aerodrome.admin)
        place = await new_workspace(aerodrome, aerodrome.admin)
        role = SetTeamRole(team_id=made.id, entity=workspace(place), role=Role.WORKSPACE_VIEWER)
        await aerodrome.ask(role, aerodrome.admin)
        assert await wished(aerodrome) == 0


@pytest.mark.parametrize("gone", ["binding", "workspace", "person"])
async def test_nothing_is_sent_of_what_is_gone_by_then(
    database: NewDatabase, nats_server: NatsForTests, office: PostOffice, gone: str
) -> None:
    services = ("identity", "invites", "deployments")
    async with installation(database, nats_server, smtp_port=office.port, services=services) as aerodrome:
        bob = UserId((await known(aerodrome, office)).id)
        place = await new_workspace(aerodrome, aerodrome.admin)
        office.rcpt = ["451 4.7.1 greylisted"]
        await aerodrome.ask(AddWorkspaceUser(workspace_id=place, email=BOB), aerodrome.admin)
        await office.wait(attempts=2)
        ends: dict[str, Command[Any]] = {
            "binding": RemoveWorkspaceUser(workspace_id=place, user_id=bob),
            "workspace": DeleteWorkspace(workspace_id=place),
            "person": RemoveUser(user_id=bob),
        }
        await aerodrome.ask(ends[gone], aerodrome.admin)
        await aerodrome.until("invites", DONE, 2)
        assert len(office.mails()) == 1


async def test_a_mail_that_is_put_off_keeps_its_message_id_and_a_new_addition_has_another(
    aerodrome: Installation, office: PostOffice
) -> None:
    bob = UserId((await known(aerodrome, office)).id)
    place = await new_workspace(aerodrome, aerodrome.admin)
    seen: list[str] = []

    async def die_of_it() -> None:
        seen.append(office.mails()[-1]["Message-ID"])
        if len(seen) == 1:
            raise ConnectionResetError("the answer got lost")

    office.before_answer = die_of_it
    await aerodrome.ask(AddWorkspaceUser(workspace_id=place, email=BOB), aerodrome.admin)
    await aerodrome.until("invites", DONE, 2)
    await aerodrome.ask(RemoveWorkspaceUser(workspace_id=place, user_id=bob), aerodrome.admin)
    await aerodrome.ask(AddWorkspaceUser(workspace_id=place, email=BOB), aerodrome.admin)
    await aerodrome.until("invites", DONE, 3)
    assert len(seen) == 3
    assert seen[0] == seen[1] != seen[2]


async def test_one_source_mails_so_many_and_adds_the_others_silently(
    aerodrome: Installation, office: PostOffice
) -> None:
    await known(aerodrome, office)
    places = await asyncio.gather(*(new_workspace(aerodrome, aerodrome.admin) for _ in range(FOR_MAILS.most + 2)))
    for place in places:
        await aerodrome.ask(AddWorkspaceUser(workspace_id=place, email=BOB), aerodrome.admin)
    assert await wished(aerodrome) == FOR_MAILS.most
    # Their count does not keep the same source from what helps people in.
    await aerodrome.ask(RequestPasswordReset(email=BOB), NOBODY)
    mails = await office.wait(mails=FOR_MAILS.most + 2)
    assert [mail["Subject"] for mail in mails if "password" in mail["Subject"]] == [
        "Your new password for Flight School"
    ]


async def test_neither_address_nor_name_nor_label_is_kept_by_who_mails(
    aerodrome: Installation, office: PostOffice
) -> None:
    await known(aerodrome, office)
    await aerodrome.ask(UpdateUser(user_id=UserId(aerodrome.admin.id), full_name="Ann Lee"), aerodrome.admin)
    place = await new_workspace(aerodrome, aerodrome.admin, "Secret Plans")
    await aerodrome.ask(AddWorkspaceUser(workspace_id=place, email=BOB), aerodrome.admin)
    await aerodrome.until("invites", DONE, 2)
    kept = await aerodrome.fetch(
        "invites",
        "select data || metadata as text from events union all select payload || origin || error from outbox",
    )
    texts = [row["text"] for row in kept]
    assert len(texts) >= 4
    assert not [text for text in texts if "@" in text or "Ann" in text or "Secret" in text or "bob" in text]
