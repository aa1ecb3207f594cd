"""Removing a person: at once out, forgotten for good, and never the last owner."""

import asyncio

import pytest

from services.identity.contract import (
    AddWorkspaceUser,
    Authenticate,
    CreateWorkspace,
    FindPerson,
    InviteUser,
    LoadUsers,
    RegisterUser,
    RemoveUser,
    Role,
    Rule,
    SignIn,
    UserId,
    Users,
    WorkspaceMembers,
)
from shared.errors import Forbidden, NotFound, Rejected, Unauthenticated
from shared.ids import new_message_id
from shared.store.personal import FORGOTTEN
from tests.integration.identity.service import INVITES, PASSWORD, Identity, Somebody


async def make_owner(identity: Identity, email: str) -> Somebody:
    """Return one more owner, who came by an invitation."""
    return await identity.join(email, roles=(Role.SYSTEM_ADMIN,))


async def assert_forgotten(identity: Identity, somebody: Somebody, address: str) -> None:
    """No event, row or job of the store shows who `somebody` was."""
    await identity.settled()
    store = identity.replicas[0]._store
    assert store is not None
    events = [recorded.event for recorded in await store.read_stream(f"user-{somebody.id}")]
    texts = [event.model_dump()[field] for event in events for field in ("email", "username") if hasattr(event, field)]
    assert texts
    assert all(text == FORGOTTEN.model_dump() for text in texts)
    assert await identity.fetch("select * from read.sessions where user_id = $1", somebody.id) == []
    ended = await identity.fetch("select * from events where type_name = 'session.ended'")
    assert len(ended) == 1
    tables = await identity.fetch(
        """
        select to_jsonb(u)::text as row from read.users u
        union all select to_jsonb(b)::text from read.role_bindings b
        union all select to_jsonb(s)::text from read.sessions s
        union all select payload from outbox
        """
    )
    assert not [row["row"] for row in tables if address in row["row"]]


async def test_a_removed_person_is_out_at_once_and_forgotten(identity: Identity) -> None:
    ann = await identity.sign_up()
    bob = await identity.join("bob@example.com")
    place = await identity.workspace(ann)
    await identity.ask(AddWorkspaceUser(workspace_id=place.id, email="bob@example.com"), ann.now)
    before = (await identity.ask(LoadUsers(ids=(bob.id,)), ann.now)).rows[0]

    assert await identity.ask(RemoveUser(user_id=bob.id), ann.now) == before

    with pytest.raises(Unauthenticated):
        await identity.ask(Authenticate(token=bob.token))
    with pytest.raises(Unauthenticated):
        await identity.ask(CreateWorkspace(label="x"), bob.now)
    with pytest.raises(Rejected) as refused:
        await identity.ask(SignIn(identity="bob@example.com", password=PASSWORD))
    assert refused.value.rule == Rule.BAD_CREDENTIALS
    with pytest.raises(NotFound):
        await identity.ask(RemoveUser(user_id=bob.id), ann.now)
    assert (await identity.ask(Users(email="bob@example.com"), ann.now)).rows == ()
    members = await identity.ask(WorkspaceMembers(workspace_ids=(place.id,)), ann.now)
    assert [row.user.id for row in members.rows] == [ann.id]
    assert (await identity.ask(FindPerson(email="bob@example.com"), INVITES)).user_id == ""

    await assert_forgotten(identity, bob, "bob@")


async def test_the_address_of_a_removed_person_is_free(identity: Identity) -> None:
    ann = await identity.sign_up()
    bob = await identity.join("bob@example.com")
    await identity.ask(RemoveUser(user_id=bob.id), ann.now)
    again = await identity.join("bob@example.com", roles=(Role.SYSTEM_VIEWER,))
    assert again.id != bob.id
    assert [role.role for role in again.signed.user.roles] == [Role.SYSTEM_VIEWER]


async def test_a_repeated_removal_answers_the_same_person_without_texts(identity: Identity) -> None:
    ann = await identity.sign_up()
    bob = await identity.join("bob@example.com")
    command, id_ = RemoveUser(user_id=bob.id), new_message_id()
    first = await identity.ask(command, ann.now, message_id=id_, keyed=True)
    second = await identity.ask(RemoveUser(user_id=bob.id), ann.now, message_id=id_, keyed=True)
    assert first.email == "bob@example.com"
    assert (second.id, second.email, second.username) == (bob.id, "", "")
    removed = await identity.fetch("select * from events where type_name = 'user.removed'")
    assert len(removed) == 1


async def test_removing_an_invited_person_ends_the_invitation(identity: Identity) -> None:
    ann = await identity.sign_up()
    invited, token = await identity.invited("bob@example.com")
    await identity.ask(RemoveUser(user_id=invited.user_id), ann.now)
    command = RegisterUser(email="bob@example.com", password=PASSWORD, invite_token=token)
    with pytest.raises(Rejected) as refused:
        await identity.ask(command)
    assert refused.value.rule == Rule.INVITE_NOT_FOUND
    assert await identity.mail_token(invited.user_id, invited.invitation_id) == ""
    assert (await identity.ask(InviteUser(email="bob@example.com"), INVITES)).user_id != invited.user_id


async def test_only_administrators_remove_and_nobody_else_learns_who_exists(identity: Identity) -> None:
    ann = await identity.sign_up()
    bob = await identity.join("bob@example.com", roles=(Role.SYSTEM_EDITOR,))
    for target in (ann.id, bob.id, UserId("cnobody0000000000000000000")):
        with pytest.raises(Forbidden):
            await identity.ask(RemoveUser(user_id=target), bob.now)
    with pytest.raises(NotFound):
        await identity.ask(RemoveUser(user_id=UserId("cnobody0000000000000000000")), ann.now)


async def test_the_last_owner_stays(identity: Identity) -> None:
    ann = await identity.sign_up()
    with pytest.raises(Rejected) as refused:
        await identity.ask(RemoveUser(user_id=ann.id), ann.now)
    assert refused.value.rule == Rule.LAST_ADMIN
    bob = await make_owner(identity, "bob@example.com")
    await identity.ask(RemoveUser(user_id=ann.id), bob.now)
    with pytest.raises(Rejected) as refused:
        await identity.ask(RemoveUser(user_id=bob.id), bob.now)
    assert refused.value.rule == Rule.LAST_ADMIN


async def test_of_owners_who_remove_each_other_at_once_one_stays(stopped: Identity) -> None:
    for _ in range(2):
        await stopped.start()
    ann = await stopped.sign_up()
    owners = [ann, *[await make_owner(stopped, f"owner{n}@example.com") for n in range(3)]]
    pairs = list(zip(owners, [*owners[1:], owners[0]], strict=True))
    outcomes = await asyncio.gather(
        *(stopped.ask(RemoveUser(user_id=target.id), who.now) for who, target in pairs), return_exceptions=True
    )
    left = await stopped.fetch("select * from read.role_bindings where role = 'SYSTEM_ADMIN' and entity = 'system'")
    assert len(left) >= 1
    removed = await stopped.fetch("select * from events where type_name = 'user.removed'")
    assert len(removed) == len(owners) - len(left) == sum(not isinstance(each, BaseException) for each in outcomes)


async def test_of_two_owners_who_remove_themselves_at_once_one_stays(stopped: Identity) -> None:
    for _ in range(2):
        await stopped.start()
    ann = await stopped.sign_up()
    bob = await make_owner(stopped, "bob@example.com")
    outcomes = await asyncio.gather(
        *(stopped.ask(RemoveUser(user_id=each.id), each.now) for each in (ann, bob)), return_exceptions=True
    )
    lost = [each for each in outcomes if isinstance(each, BaseException)]
    assert [each.rule for each in lost if isinstance(each, Rejected)] == [Rule.LAST_ADMIN]
    assert len(await stopped.fetch("select * from read.users")) == 1
