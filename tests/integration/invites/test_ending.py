"""How invites end: withdrawn, expired, or with their person or workspace; each once, and for good."""

import pytest

from services.deployments.app import APP as DEPLOYMENTS
from services.identity.contract import CreateWorkspace, DeleteWorkspace, InviteUser, RegisterUser, RemoveUser, Role
from services.identity.contract import Rule as IdentityRule
from services.invites.app import APP as INVITES
from services.invites.contract import CreateInvite, InviteId, InviteStatus, WithdrawInvite
from shared.auth import service_principal
from shared.bus.context import Context
from shared.errors import NotFound, Rejected
from shared.ids import new_id, new_message_id
from tests.conftest import NewDatabase
from tests.integration.bus import bus_of
from tests.integration.invites.installation import NOBODY, PASSWORD, PUBLIC_URL, Installation, installation
from tests.integration.invites.post_office import PostOffice, token_in
from tests.servers import NatsForTests

JANE = "jane@example.com"


async def status_of(aerodrome: Installation, invite_id: InviteId) -> InviteStatus:
    await aerodrome.settled()
    (row,) = (await aerodrome.invites(invite_id)).rows
    return row.status


async def short_invite(aerodrome: Installation, *, seconds: int) -> InviteId:
    """Return an invite that ends sooner than any setting allows."""
    async with bus_of(aerodrome.nats, "invites") as bus:
        command = InviteUser(email=JANE, expires_in_s=seconds)
        answer = await bus.ask(command, Context.first(service_principal("invites")))
    await aerodrome.shown("invites", answer.position, source="identity")
    return answer.value.invitation_id


async def test_a_withdrawn_invite_no_longer_opens_the_door(aerodrome: Installation, office: PostOffice) -> None:
    invite = await aerodrome.ask(CreateInvite(email=JANE), aerodrome.admin)
    (mail,) = await office.wait(mails=1)
    message_id = new_message_id()
    command = WithdrawInvite(invite_id=invite.id)
    assert await aerodrome.ask(command, aerodrome.admin, message_id=message_id) == invite
    assert await status_of(aerodrome, invite.id) is InviteStatus.WITHDRAWN
    late = RegisterUser(email=JANE, password=PASSWORD, invite_token=token_in(mail, below=PUBLIC_URL))
    with pytest.raises(Rejected) as rejected:
        await aerodrome.ask(late, NOBODY)
    assert rejected.value.rule == IdentityRule.INVITE_NOT_FOUND

    assert await aerodrome.ask(command, aerodrome.admin, message_id=message_id) == invite
    with pytest.raises(NotFound):
        await aerodrome.ask(command, aerodrome.admin)


async def test_an_unknown_invite_cannot_be_withdrawn(aerodrome: Installation) -> None:
    with pytest.raises(NotFound):
        await aerodrome.ask(WithdrawInvite(invite_id=InviteId(new_id())), aerodrome.admin)


async def test_an_accepted_invite_cannot_be_withdrawn(aerodrome: Installation, office: PostOffice) -> None:
    invite = await aerodrome.ask(CreateInvite(email=JANE), aerodrome.admin)
    (mail,) = await office.wait(mails=1)
    await aerodrome.sign_up(JANE, invite_token=token_in(mail, below=PUBLIC_URL))
    with pytest.raises(NotFound):
        await aerodrome.ask(WithdrawInvite(invite_id=invite.id), aerodrome.admin)
    assert await status_of(aerodrome, invite.id) is InviteStatus.ACCEPTED


async def test_an_address_whose_invite_was_withdrawn_can_be_invited_again(aerodrome: Installation) -> None:
    first = await aerodrome.ask(CreateInvite(email=JANE), aerodrome.admin)
    await aerodrome.ask(WithdrawInvite(invite_id=first.id), aerodrome.admin)
    second = await aerodrome.ask(CreateInvite(email=JANE), aerodrome.admin)
    assert second.id != first.id
    assert (await aerodrome.invites(pending_only=True)).rows == (second,)


async def test_an_invite_expires_at_its_last_instant(aerodrome: Installation) -> None:
    invite_id = await short_invite(aerodrome, seconds=2)
    (row,) = (await aerodrome.invites(invite_id)).rows
    assert row.status is InviteStatus.PENDING
    ended = await aerodrome.wait_for_end(invite_id)
    assert ended.status is InviteStatus.EXPIRED
    assert ended.updated_at >= row.expires_at


async def test_a_timer_survives_that_the_service_is_away(aerodrome: Installation) -> None:
    invite_id = await short_invite(aerodrome, seconds=2)
    await aerodrome.stop("invites")
    await aerodrome.until("identity", "select 1 where now() > (select max(recorded_at) from events) + interval '2.5 s'")
    await aerodrome.start("invites")
    assert (await aerodrome.wait_for_end(invite_id)).status is InviteStatus.EXPIRED


async def test_a_removed_person_voids_their_invites(aerodrome: Installation) -> None:
    invite = await aerodrome.ask(CreateInvite(email=JANE), aerodrome.admin)
    await aerodrome.ask(RemoveUser(user_id=invite.user_id), aerodrome.admin)
    assert await status_of(aerodrome, invite.id) is InviteStatus.VOIDED
    again = await aerodrome.ask(CreateInvite(email=JANE), aerodrome.admin)
    assert again.user_id != invite.user_id


async def test_a_deleted_workspace_voids_the_invites_to_it(
    database: NewDatabase, nats_server: NatsForTests, office: PostOffice
) -> None:
    services = ("identity", DEPLOYMENTS.name, INVITES.name)
    async with installation(database, nats_server, smtp_port=office.port, services=services) as aerodrome:
        place = (await aerodrome.ask(CreateWorkspace(label="Analytics"), aerodrome.admin)).id
        command = CreateInvite(email=JANE, workspace_id=place, role=Role.WORKSPACE_VIEWER)
        invite = await aerodrome.ask(command, aerodrome.admin)
        await aerodrome.ask(DeleteWorkspace(workspace_id=place), aerodrome.admin)
        assert (await aerodrome.wait_for_end(invite.id)).status is InviteStatus.VOIDED


async def test_the_rows_equal_those_of_a_rebuild(aerodrome: Installation) -> None:
    kept = await aerodrome.ask(CreateInvite(email=JANE), aerodrome.admin)
    gone = await aerodrome.ask(CreateInvite(email="joe@example.com"), aerodrome.admin)
    await aerodrome.ask(WithdrawInvite(invite_id=gone.id), aerodrome.admin)
    before = await aerodrome.fetch("invites", "select digest_rows('read', '{invites}') as digest")
    assert before[0]["digest"].startswith("invites=2:")
    await aerodrome.followers("invites").rebuild("invites")
    assert await aerodrome.fetch("invites", "select digest_rows('read', '{invites}') as digest") == before
    assert (await aerodrome.invites(pending_only=True)).rows == (kept,)
