"""What identity tells of its changes, and how an answer about a caller says what it stands on."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from nats.aio.msg import Msg

from services.identity.contract import (
    AddTeamMembers,
    Authenticate,
    CreateWorkspace,
    DeleteServiceAccount,
    Revoked,
    Role,
    SignIn,
    UpdateWorkspace,
    UpdateWorkspaceUserRole,
)
from shared.bus.context import Context
from tests.integration.bus import client_of
from tests.integration.identity.service import PASSWORD, PATIENCE, Identity
from tests.integration.identity.test_lagging import at_once, held_up


@asynccontextmanager
async def overheard(identity: Identity) -> AsyncGenerator[list[Revoked | str]]:
    """Give what is revoked, and a word for each answer to the gateway, in the order in which they pass."""
    heard: list[Revoked | str] = []

    async def note(message: Msg) -> None:
        if message.subject == Revoked.subject:
            heard.append(Revoked.model_validate_json(message.data))
        elif message.subject.startswith("_INBOX_gateway."):
            heard.append("answer")

    async with client_of(identity.nats, "test") as client:
        await client.subscribe(">", cb=note)
        await client.flush()
        yield heard
        await client.flush()


def revoked(heard: list[Revoked | str]) -> list[Revoked]:
    return [each for each in heard if isinstance(each, Revoked)]


async def test_a_change_is_told_before_its_command_is_answered(identity: Identity) -> None:
    ann = await identity.sign_up()
    place = await identity.workspace(ann)
    bob = await identity.member(ann, place, "bob@example.com", Role.WORKSPACE_EDITOR)
    demote = UpdateWorkspaceUserRole(workspace_id=place.id, email="bob@example.com", role=Role.WORKSPACE_VIEWER)
    async with overheard(identity) as heard:
        answered = await identity.answered(demote, ann.now)
    assert heard[0] == Revoked(streams=(f"user-{bob.id}",), position=answered.position)
    assert heard[1] == "answer"


async def test_what_nobody_can_know_yet_is_not_told(identity: Identity) -> None:
    ann = await identity.sign_up()
    async with overheard(identity) as heard:
        await identity.ask(SignIn(identity="ann@example.com", password=PASSWORD))
        await identity.ask(CreateWorkspace(label="New"), ann.now)
    assert [each.streams for each in revoked(heard)] == [(f"user-{ann.id}",)]


async def test_a_caller_names_the_streams_that_end_it(identity: Identity) -> None:
    ann = await identity.sign_up()
    place = await identity.workspace(ann)
    keys = {entity: f"{number}" * 32 for number, entity in enumerate(("system", f"workspace:{place.id}"))}
    accounts = {entity: await identity.account(ann, entity, key=key) for entity, key in keys.items()}
    everywhere, here = accounts

    person = await identity.ask(Authenticate(token=ann.token))
    (organization,) = await identity.fetch("select stream from events where type_name = 'organization.created'")
    assert set(person.streams) == {
        f"user-{ann.id}",
        f"session-{person.principal.credential}",
        organization["stream"],  # where signing keys are taken away
    }
    far = await identity.ask(Authenticate(token=keys[everywhere]))
    near = await identity.ask(Authenticate(token=keys[here]))
    assert far.streams == (f"credential-{accounts[everywhere].id}",)
    assert set(near.streams) == {f"credential-{accounts[here].id}", f"workspace-{place.id}"}

    async with overheard(identity) as heard:
        deleted = await identity.answered(DeleteServiceAccount(credential_id=accounts[everywhere].id), ann.now)
        renamed = await identity.answered(UpdateWorkspace(workspace_id=place.id, label="Other"), ann.now)
    told = {stream: each.position for each in revoked(heard) for stream in each.streams}
    assert told[far.streams[0]] == deleted.position > far.position
    assert told[f"workspace-{place.id}"] == renamed.position > near.position


async def test_what_a_team_gives_ends_what_is_kept_of_its_members(identity: Identity) -> None:
    ann = await identity.sign_up()
    bob = await identity.join("bob@example.com")
    pilots = await identity.team(ann)
    async with overheard(identity) as heard:
        added = await identity.answered(AddTeamMembers(team_id=pilots.id, user_ids=(bob.id,)), ann.now)
    assert revoked(heard) == [Revoked(streams=(f"team-{pilots.id}", f"user-{bob.id}"), position=added.position)]
    assert f"team-{pilots.id}" in (await identity.ask(Authenticate(token=bob.token))).streams


async def test_a_caller_is_kept_no_longer_than_rows_that_are_behind(identity: Identity) -> None:
    ann = await identity.sign_up()
    bob = await identity.join("bob@example.com")
    pilots = await identity.team(ann, role=Role.SYSTEM_VIEWER)
    async with held_up(identity):
        add = AddTeamMembers(team_id=pilots.id, user_ids=(bob.id,))
        joined = await identity.gateway.ask(add, Context.first(ann.now, patience=PATIENCE))
        seen = await at_once(identity, Authenticate(token=bob.token))
    assert not seen.principal.holds("system.teams.get")
    assert seen.position < joined.position


async def test_a_caller_is_read_at_the_position_of_the_store(identity: Identity) -> None:
    ann = await identity.sign_up()
    place = await identity.answered(CreateWorkspace(label="New"), ann.now)
    assert (await identity.ask(Authenticate(token=ann.token))).position == place.position
