"""While the read models lag, who may come in is decided by the events."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import asyncpg
import pytest

from services.identity.contract import (
    AddWorkspaceUser,
    Authenticate,
    DeleteServiceAccount,
    InviteUser,
    LoadUsers,
    RegisterUser,
    RemoveUser,
    RemoveWorkspaceUser,
    Role,
    UpdateUser,
    UpdateWorkspaceUserRole,
)
from shared.auth import ANONYMOUS, Principal, workspace
from shared.bus.context import Context
from shared.errors import Unauthenticated
from shared.messages import Ask, Command, Message
from tests.integration.identity.service import INVITES, KEY, PASSWORD, PATIENCE, Identity

A = TypeVar("A", bound=Message)


@asynccontextmanager
async def held_up(identity: Identity) -> AsyncGenerator[None]:
    """Keep the read models from moving."""
    connection = await asyncpg.connect(identity.database.app_dsn)
    try:
        async with connection.transaction():
            await connection.execute("select hold_follower('identity', 5000)")
            yield
    finally:
        await connection.close()


async def at_once(identity: Identity, message: Ask[A], asker: Principal = ANONYMOUS) -> A:
    """Return the answer without waiting for the read models."""
    return (await identity.gateway.ask(message, Context.first(asker, patience=PATIENCE))).value


async def test_a_removed_person_is_refused_before_the_rows_know(identity: Identity) -> None:
    ann = await identity.sign_up()
    bob = await identity.join("bob@example.com")
    async with held_up(identity):
        await at_once(identity, RemoveUser(user_id=bob.id), ann.now)
        assert await identity.fetch("select 1 from read.users where id = $1", bob.id)
        with pytest.raises(Unauthenticated):
            await at_once(identity, Authenticate(token=bob.token))


async def test_a_deleted_key_is_refused_before_the_rows_know(identity: Identity) -> None:
    ann = await identity.sign_up()
    made = await identity.account(ann)
    async with held_up(identity):
        await at_once(identity, DeleteServiceAccount(credential_id=made.id), ann.now)
        assert await identity.fetch("select 1 from read.service_accounts")
        with pytest.raises(Unauthenticated):
            await at_once(identity, Authenticate(token=KEY))


async def test_a_new_person_and_a_new_role_are_known_before_the_rows_know(identity: Identity) -> None:
    ann = await identity.sign_up()
    place = await identity.workspace(ann)
    bob = await identity.join("bob@example.com")
    _, token = await identity.invited("new@example.com")
    async with held_up(identity):
        add = AddWorkspaceUser(workspace_id=place.id, email="bob@example.com", role=Role.WORKSPACE_EDITOR)
        await at_once(identity, add, ann.now)
        seen = await at_once(identity, Authenticate(token=bob.token))
        assert seen.principal.holds("workspace.config.update", workspace(place.id))
        signed = await at_once(identity, RegisterUser(email="new@example.com", password=PASSWORD, invite_token=token))
        assert signed.session is not None
        assert (await at_once(identity, Authenticate(token=signed.session.token))).user == signed.user


async def test_what_is_given_and_taken_while_the_rows_lag_is_told_as_they_tell_it_later(identity: Identity) -> None:
    ann = await identity.sign_up()
    place = await identity.workspace(ann)
    bob = await identity.join("bob@example.com", roles=(Role.SYSTEM_VIEWER,))
    where, who = place.id, "bob@example.com"
    wishes: list[Command[Any]] = [
        AddWorkspaceUser(workspace_id=where, email=who, role=Role.WORKSPACE_VIEWER),
        UpdateUser(user_id=bob.id, full_name="Bob Lee"),
        UpdateWorkspaceUserRole(workspace_id=where, email=who, role=Role.WORKSPACE_ADMIN),
        RemoveWorkspaceUser(workspace_id=where, user_id=bob.id),
    ]
    for wish in wishes:
        async with held_up(identity):
            await at_once(identity, wish, ann.now)
            seen = await at_once(identity, Authenticate(token=bob.token))
        await identity.settled()
        later = await at_once(identity, Authenticate(token=bob.token))
        assert (seen.user, set(seen.principal.grants)) == (later.user, set(later.principal.grants))


async def test_a_person_of_whom_others_know_already_is_waited_for(identity: Identity) -> None:
    ann = await identity.sign_up()
    asker = ann.now
    async with held_up(identity):
        invited = await identity.invites.ask(InviteUser(email="new@example.com"), Context.first(INVITES))
        loading = asyncio.create_task(at_once(identity, LoadUsers(ids=(invited.value.user_id,)), asker))
        answered, _ = await asyncio.wait({loading}, timeout=0.5)
        assert not answered, "answered from rows that are behind"
    assert [row.email for row in (await loading).rows] == ["new@example.com"]
