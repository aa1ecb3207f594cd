"""Identity's audit: who did what from where, what was refused, who may read it, and what forgetting leaves."""

from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from services.identity.contract import (
    CreateServiceAccount,
    CreateWorkspace,
    DeleteServiceAccount,
    DeleteWorkspace,
    OpenOrigins,
    RegisterUser,
    RemoveUser,
    Role,
    SealOrigin,
    SignIn,
    UpdateWorkspace,
)
from shared.audit.messages import Audit, AuditRow, Before
from shared.auth import ANONYMOUS, NOWHERE, Principal, workspace
from shared.bus.context import Context
from shared.bus.kernel import Events
from shared.errors import AerodromeError, Forbidden, NotFound, Rejected, Unauthenticated
from shared.ids import new_id
from shared.messages import Ask
from shared.store.verify import verify
from tests.integration.identity.auditing import HOME, ask_from, audit, origins, refused
from tests.integration.identity.service import KEY, PASSWORD, Identity


async def test_a_record_says_who_did_what_from_where_on_what_and_by_which_role(identity: Identity) -> None:
    ann = await identity.sign_up()
    made = await ask_from(identity, CreateWorkspace(label="Main"), ann.now)
    (row,) = (await audit(identity, ann, target_id=made.id)).rows
    assert (row.outcome, row.action, row.subject, row.kind) == ("done", "workspace.created", ann.id, "user")
    assert (row.credential, row.role) == (ann.now.credential, "USER")
    assert (row.target_kind, row.target_id, row.workspace_id) == ("workspace", made.id, made.id)
    assert await origins(identity, ann, [row]) == (HOME,)
    granted = (await audit(identity, ann, workspace_id=made.id, action="user.role_")).rows
    assert [(each.action, each.correlation_id) for each in granted] == [("user.role_granted", row.correlation_id)]


async def test_what_identity_does_because_of_a_command_tells_from_where_that_came(identity: Identity) -> None:
    ann, bob = await identity.sign_up(), await identity.join("bob@example.com")
    await ask_from(identity, RemoveUser(user_id=bob.id), ann.now)
    await identity.settled()
    (ended,) = (await audit(identity, ann, action="session.ended")).rows
    assert (ended.subject, ended.credential) == ("service:identity", ann.now.credential)
    assert await origins(identity, ann, [ended]) == (HOME,)


async def test_who_signs_up_or_in_is_the_actor_of_it(identity: Identity) -> None:
    signed = await ask_from(identity, RegisterUser(email="ann@example.com", password=PASSWORD))
    ann = await identity.somebody(signed)
    await ask_from(identity, SignIn(identity="ann@example.com", password=PASSWORD))
    rows = (await audit(identity, ann, actor=ann.id)).rows
    assert [row.action for row in rows if row.stream.startswith("session-")] == ["session.started"] * 2
    assert {"user.registered", "user.role_granted"} < {row.action for row in rows}
    assert {row.kind for row in rows} == {"user"}
    assert await origins(identity, ann, rows) == (HOME,) * len(rows)


async def test_a_part_of_a_workspace_stays_one_although_its_end_does_not_name_it(identity: Identity) -> None:
    ann = await identity.sign_up()
    place = await identity.workspace(ann)
    account = await identity.account(ann, workspace(place.id))
    await identity.ask(DeleteServiceAccount(credential_id=account.id), ann.now)
    rows = (await audit(identity, ann, workspace_id=place.id, action="credential.")).rows
    assert {row.action for row in rows} == {"credential.created", "credential.deleted"}
    assert {row.target_id for row in rows} == {account.id}


async def test_every_kind_of_refusal_is_recorded(identity: Identity) -> None:
    ann, bob = await identity.sign_up(), await identity.join("bob@example.com")
    place = await identity.workspace(ann)
    attempts: list[tuple[Ask[Any], Principal, type[AerodromeError]]] = [
        (UpdateWorkspace(workspace_id=place.id, label="Mine"), bob.now, Forbidden),
        (UpdateWorkspace(workspace_id=place.id, label="Mine"), ANONYMOUS, Unauthenticated),
        (DeleteWorkspace(workspace_id=type(place.id)(new_id())), ann.now, NotFound),
        (RemoveUser(user_id=ann.id), ann.now, Rejected),
    ]
    for command, asker, error in attempts:
        with pytest.raises(error):
            await ask_from(identity, command, asker)
    removal, deletion, stranger, rename = await refused(identity, 4)
    assert (rename.action, rename.code, rename.subject) == ("update_workspace", "forbidden", bob.id)
    assert (rename.target_kind, rename.target_id, rename.workspace_id) == ("workspace", place.id, place.id)
    assert (stranger.action, stranger.code, stranger.kind) == ("update_workspace", "unauthenticated", "anonymous")
    assert (deletion.code, removal.code, removal.rule) == ("not_found", "rejected", "last_admin")
    assert (removal.target_kind, removal.target_id) == ("user", ann.id)
    assert await origins(identity, ann, [rename, stranger, removal]) == (HOME, None, HOME)
    assert stranger.source


async def test_a_refusal_concerns_the_workspace_of_what_it_was_aimed_at(identity: Identity) -> None:
    ann, bob = await identity.sign_up(), await identity.join("bob@example.com")
    place = await identity.workspace(ann)
    account = await identity.account(ann, workspace(place.id))
    with pytest.raises(Forbidden):
        await identity.ask(DeleteServiceAccount(credential_id=account.id), bob.now)
    (row,) = await refused(identity, 1)
    assert (row.target_id, row.workspace_id) == (account.id, place.id)


async def test_a_repeat_of_a_refused_command_is_one_refusal(identity: Identity) -> None:
    ann = await identity.sign_up()
    message_id = uuid4()
    for _ in range(3):
        with pytest.raises(Rejected):
            await identity.ask(RemoveUser(user_id=ann.id), ann.now, message_id=message_id, keyed=True)
    with pytest.raises(Rejected):
        await identity.ask(RemoveUser(user_id=ann.id), ann.now)
    assert len(await refused(identity, 2)) == 2


async def test_forgetting_a_person_leaves_the_record_without_from_where(identity: Identity) -> None:
    ann, bob = await identity.sign_up(), await identity.join("bob@example.com")
    place = await ask_from(identity, CreateWorkspace(label="Bob's"), bob.now)
    with pytest.raises(Forbidden):
        await ask_from(identity, RemoveUser(user_id=ann.id), bob.now)
    await refused(identity, 1)
    rows = (await audit(identity, ann, actor=bob.id, target_id=place.id)).rows
    rows += (await audit(identity, ann, actor=bob.id, outcome="refused")).rows
    assert await origins(identity, ann, rows) == (HOME, HOME)
    await identity.ask(RemoveUser(user_id=bob.id), ann.now)
    assert await origins(identity, ann, rows) == (None, None)
    await identity.followers.rebuild("audit")
    again = (await audit(identity, ann, actor=bob.id, target_id=place.id)).rows
    assert [(row.subject, row.action) for row in again] == [(bob.id, "workspace.created")]
    assert (await ask_from(identity, SealOrigin(), bob.now)).seal == ""
    pool = await asyncpg.create_pool(identity.database.app_dsn, min_size=1, max_size=1)
    async with pool:
        assert (await verify(pool, None)).broken is None


async def test_deleting_a_service_account_forgets_from_where_it_was_used(identity: Identity) -> None:
    ann = await identity.sign_up()
    account = await identity.account(ann)
    robot = await identity.principal(KEY)
    place = await ask_from(identity, CreateWorkspace(label="Robot's"), robot)
    rows = (await audit(identity, ann, target_id=place.id)).rows
    assert (rows[0].kind, await origins(identity, ann, rows)) == ("service_account", (HOME,))
    await identity.ask(DeleteServiceAccount(credential_id=account.id), ann.now)
    await identity.settled()
    assert await origins(identity, ann, rows) == (None,)


async def test_an_origin_that_is_not_known_has_no_seal(identity: Identity) -> None:
    ann = await identity.sign_up()
    assert (await ask_from(identity, SealOrigin(), ann.now, origin=NOWHERE)).seal == ""
    seals = ("", "1.x.y", "2.a.b", f"1.{ann.id}.AAAA", f"1.{ann.id}.?")
    assert (await identity.ask(OpenOrigins(seals=seals), ann.now)).origins == (None,) * 5


async def test_only_administrators_read_and_each_only_what_is_theirs(identity: Identity) -> None:
    ann = await identity.sign_up()
    mine, other = await identity.workspace(ann, "Mine"), await identity.workspace(ann, "Other")
    admin = await identity.member(ann, mine, "admin@example.com", Role.WORKSPACE_ADMIN)
    editor = await identity.member(ann, mine, "editor@example.com", Role.WORKSPACE_EDITOR)
    viewer = await identity.join("viewer@example.com", roles=(Role.SYSTEM_VIEWER,))
    for reader in (admin, editor, viewer):
        with pytest.raises(Forbidden):
            await audit(identity, reader)
        with pytest.raises(Forbidden):
            await audit(identity, reader, workspace_id=other.id)
        with pytest.raises(Forbidden):
            await identity.ask(OpenOrigins(seals=()), reader.now)
    for reader in (editor, viewer):
        with pytest.raises(Forbidden):
            await audit(identity, reader, workspace_id=mine.id)
    with pytest.raises(Unauthenticated):
        await identity.gateway.ask(Audit(), Context.first(), to="identity")
    seen = (await audit(identity, admin, workspace_id=mine.id)).rows
    assert {row.workspace_id for row in seen} == {mine.id}
    assert (await identity.ask(OpenOrigins(seals=(), workspace_id=mine.id), admin.now)).origins == ()
    everything = (await audit(identity, ann)).rows
    assert {row.workspace_id for row in everything} == {mine.id, other.id, ""}


async def test_filters_narrow_and_pages_bring_every_record_once(identity: Identity) -> None:
    ann = await identity.sign_up()
    for number in range(5):
        await identity.workspace(ann, f"W{number}")
    with pytest.raises(Rejected):
        await identity.ask(RemoveUser(user_id=ann.id), ann.now)
    await refused(identity, 1)
    whole = (await audit(identity, ann, limit=500)).rows
    assert list(whole) == sorted(whole, key=lambda row: (row.time, row.id), reverse=True)
    assert {row.outcome for row in whole} == {"done", "refused"}
    paged: list[AuditRow] = []
    before: Before | None = None
    while True:
        page = await audit(identity, ann, limit=3, before=before)
        paged += page.rows
        if not page.more:
            break
        before = Before(time=page.rows[-1].time, id=page.rows[-1].id)
    assert paged == list(whole)
    middle = whole[4]
    for filters, expected in (
        ({"since": middle.time}, [row for row in whole if row.time >= middle.time]),
        ({"until": middle.time}, [row for row in whole if row.time < middle.time]),
        ({"outcome": "done", "action": "workspace."}, [row for row in whole if row.action == "workspace.created"]),
        ({"action": "remove_user"}, [row for row in whole if row.outcome == "refused"]),
        ({"actor": "nobody"}, []),
    ):
        assert list((await audit(identity, ann, limit=500, **filters)).rows) == expected, filters


async def test_what_is_published_has_no_origin(identity: Identity) -> None:
    ann = await identity.sign_up()
    await ask_from(identity, CreateServiceAccount(label="ci", entity="system", key=KEY), ann.now)
    (stored,) = await identity.fetch("select metadata from events where type_name = 'credential.created'")
    assert '"origin_seal":"1.' in stored["metadata"]
    page = (await identity.invites.ask(Events(after=0), Context.first(), to="identity")).value
    assert page.events
    assert not [event for event in page.events if event.metadata.origin_seal]
