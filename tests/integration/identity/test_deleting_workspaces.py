"""Deleting a workspace: refused while deployments live in it, void at once, cleared away after."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from services.deployments.contract import CloseWorkspace, CreateDeployment, DeleteDeployment
from services.identity.contract import (
    AddWorkspaceUser,
    Authenticate,
    CreateServiceAccount,
    DeleteWorkspace,
    LoadUsers,
    RegisterUser,
    Role,
    Rule,
    ServiceAccounts,
    UpdateWorkspace,
    UserStatus,
    WorkspaceId,
    WorkspaceMembers,
    Workspaces,
)
from services.identity.handlers.workspaces import closing_id
from shared import auth
from shared.auth import ANONYMOUS, service_principal
from shared.bus.context import Context
from shared.errors import AerodromeError, Forbidden, NotFound, Rejected, Unauthenticated, Unavailable
from shared.ids import new_message_id
from shared.messages import Command
from tests.conftest import NewDatabase
from tests.integration.bus import bus_of, until
from tests.integration.deployments.service import Gateway, running, settings_of
from tests.integration.identity.service import PASSWORD, PATIENCE, Identity
from tests.servers import NatsForTests

NOWHERE = WorkspaceId("cnowhere00000000000000000")


@pytest.fixture
async def deployments(database: NewDatabase, nats_server: NatsForTests, identity: Identity) -> AsyncGenerator[Gateway]:
    """The deployments service beside identity, and a way to ask it."""
    async with running(settings_of(await database("deployments"), nats_server)):
        yield Gateway(identity.gateway)


@pytest.mark.usefixtures("deployments")
async def test_a_deleted_workspace_is_gone_at_once(identity: Identity) -> None:
    ann = await identity.sign_up()
    place = await identity.workspace(await identity.join("carl@example.com"))
    other = await identity.workspace(ann, "Other")
    bob = await identity.member(ann, place, "bob@example.com", Role.WORKSPACE_ADMIN)
    await identity.account(bob, auth.workspace(place.id), key="a" * 32)

    assert await identity.ask(DeleteWorkspace(workspace_id=place.id), bob.now) == place

    assert (await identity.ask(Workspaces(everything=True), ann.now)).rows == (other,)
    assert (await identity.ask(Workspaces(), bob.now)).rows == ()
    assert (await identity.ask(Authenticate(token=bob.token))).user == bob.signed.user.model_copy(update={"roles": ()})
    with pytest.raises(Unauthenticated):
        await identity.ask(Authenticate(token="a" * 32))
    commands: list[Command[Any]] = [
        DeleteWorkspace(workspace_id=place.id),
        UpdateWorkspace(workspace_id=place.id, label="x"),
        AddWorkspaceUser(workspace_id=place.id, email="new@example.com"),
        CreateServiceAccount(label="x", entity=auth.workspace(place.id), key="b" * 32),
    ]
    for command in commands:
        with pytest.raises(NotFound):
            await identity.ask(command, ann.now)


@pytest.mark.usefixtures("deployments")
async def test_what_hangs_on_a_deleted_workspace_is_cleared_away(identity: Identity) -> None:
    ann = await identity.sign_up()
    place, other = [await identity.workspace(ann, label) for label in ("One", "Two")]
    bob = await identity.member(ann, place, "bob@example.com", Role.WORKSPACE_EDITOR)
    await identity.account(ann, auth.workspace(place.id), key="a" * 32)
    alone = await identity.ask(AddWorkspaceUser(workspace_id=place.id, email="alone@example.com"), ann.now)
    both = await identity.ask(AddWorkspaceUser(workspace_id=place.id, email="both@example.com"), ann.now)
    await identity.ask(AddWorkspaceUser(workspace_id=other.id, email="both@example.com"), ann.now)

    await identity.ask(DeleteWorkspace(workspace_id=place.id), ann.now)
    await identity.settled()

    bindings = await identity.fetch("select user_id, entity from read.role_bindings order by entity")
    assert [tuple(row) for row in bindings] == [(ann.id, "system"), (ann.id, auth.workspace(other.id))]
    assert await identity.fetch("select * from read.service_accounts") == []
    invitations = await identity.fetch("select user_id, scope from read.invitations")
    assert [tuple(row) for row in invitations] == [(both.user.id, auth.workspace(other.id))]
    rows = (await identity.ask(LoadUsers(ids=(alone.user.id, both.user.id, bob.id)), ann.now)).rows
    assert {row.email: row.status for row in rows} == {
        "both@example.com": UserStatus.INVITED,
        "bob@example.com": UserStatus.ACTIVE,
    }
    who = await identity.fetch(
        "select distinct metadata::jsonb->>'subject' as subject from events where type_name = 'user.role_revoked'"
    )
    assert [row["subject"] for row in who] == ["service:identity"]


@pytest.mark.usefixtures("deployments")
async def test_an_invitation_to_a_workspace_that_was_just_deleted_brings_no_role(identity: Identity) -> None:
    ann = await identity.sign_up()
    places = [await identity.workspace(ann, label) for label in ("One", "Two")]
    wishes = [AddWorkspaceUser(workspace_id=place.id, email="bob@example.com") for place in places]
    found, _ = [await identity.ask(wish, ann.now) for wish in wishes]
    invitations = await identity.fetch("select id, scope from read.invitations order by id")
    kept = next(row["id"] for row in invitations if row["scope"] == auth.workspace(places[1].id))
    token = await identity.mail_token(found.user.id, kept)

    deleted, joined = await asyncio.gather(
        identity.ask(DeleteWorkspace(workspace_id=places[0].id), ann.now),
        identity.ask(RegisterUser(email="bob@example.com", password=PASSWORD, invite_token=token)),
    )
    await identity.settled()

    assert deleted.id == places[0].id
    rows = (await identity.ask(LoadUsers(ids=(joined.user.id,)), ann.now)).rows
    assert [role.entity for role in rows[0].roles] == [auth.workspace(places[1].id)]
    assert await identity.fetch("select * from read.invitations") == []
    assert len(await identity.fetch("select * from read.role_bindings where user_id = $1", joined.user.id)) == 1


async def test_live_deployments_keep_their_workspace(identity: Identity, deployments: Gateway) -> None:
    ann = await identity.sign_up()
    place = await identity.workspace(ann)
    robot = await identity.principal(ann.token)
    made = await deployments.ask(CreateDeployment(workspace_id=place.id, label="nightly"), robot)

    with pytest.raises(Rejected) as refused:
        await identity.ask(DeleteWorkspace(workspace_id=place.id), ann.now)
    assert refused.value.rule == Rule.DEPLOYMENTS_EXIST
    assert (await identity.ask(Workspaces(ids=(place.id,)), ann.now)).rows == (place,)

    await deployments.ask(DeleteDeployment(deployment_id=made.id), robot)
    assert await identity.ask(DeleteWorkspace(workspace_id=place.id), ann.now) == place


async def test_a_workspace_is_not_closed_for_who_may_not_delete_it(identity: Identity, deployments: Gateway) -> None:
    ann = await identity.sign_up()
    place = await identity.workspace(ann)
    editor = await identity.member(ann, place, "ed@example.com", Role.WORKSPACE_EDITOR)
    for asker, kind in ((editor.now, Forbidden), (ANONYMOUS, Unauthenticated)):
        for id_ in (place.id, NOWHERE):
            with pytest.raises(kind):
                await identity.ask(DeleteWorkspace(workspace_id=id_), asker)
    await deployments.ask(CreateDeployment(workspace_id=place.id, label="x"), await identity.principal(ann.token))


async def test_without_deployments_a_workspace_is_not_deleted(identity: Identity) -> None:
    ann = await identity.sign_up()
    place = await identity.workspace(ann)
    with pytest.raises(AerodromeError) as refused:
        await identity.ask(DeleteWorkspace(workspace_id=place.id), ann.now)
    assert isinstance(refused.value, Unavailable)
    assert (await identity.ask(Workspaces(ids=(place.id,)), ann.now)).rows == (place,)


@pytest.mark.usefixtures("deployments")
async def test_a_deletion_that_stopped_after_the_closing_is_finished(
    identity: Identity, nats_server: NatsForTests
) -> None:
    ann = await identity.sign_up()
    place = await identity.workspace(ann)
    async with bus_of(nats_server, "identity") as bus:
        closing = CloseWorkspace(workspace_id=place.id)
        await bus.ask(closing, Context.first(service_principal("identity"), patience=PATIENCE))

    async def gone() -> bool:
        return not (await identity.ask(Workspaces(ids=(place.id,)), ann.now)).rows

    await until(gone, timeout_s=20)
    members = await identity.ask(WorkspaceMembers(workspace_ids=(place.id,)), ann.now)
    assert members.rows == ()
    accounts = await identity.ask(ServiceAccounts(entities=(auth.workspace(place.id),)), ann.now)
    assert accounts.rows == ()


@pytest.mark.usefixtures("deployments")
async def test_a_deletion_that_was_finished_for_a_dead_process_is_answered_to_its_repeat(
    identity: Identity, nats_server: NatsForTests
) -> None:
    ann = await identity.sign_up()
    place = await identity.workspace(ann)
    boss = await identity.member(ann, place, "bob@example.com", Role.WORKSPACE_ADMIN)
    asker, deletion = boss.now, new_message_id()
    async with bus_of(nats_server, "identity") as bus:
        closing = Context.first(service_principal("identity"), patience=PATIENCE, message_id=closing_id(deletion))
        await bus.ask(CloseWorkspace(workspace_id=place.id), closing)

    async def cleared() -> bool:
        query = "select 1 from events where type_name = 'user.role_revoked' and stream = $1"
        return bool(await identity.fetch(query, f"user-{boss.id}"))

    await until(cleared, timeout_s=20)
    repeated = await identity.answered(DeleteWorkspace(workspace_id=place.id), asker, message_id=deletion)
    assert repeated.value == place
    with pytest.raises(Forbidden):
        await identity.ask(DeleteWorkspace(workspace_id=place.id), boss.now)
    with pytest.raises(NotFound):
        await identity.ask(DeleteWorkspace(workspace_id=place.id), ann.now)
