"""Every read model, filled anew from the events, equals the running one; and every question has an index."""

import asyncpg

from services.deployments.contract import SERVICE as DEPLOYMENTS
from services.identity.contract import (
    EVENTS,
    AddWorkspaceUser,
    DeleteServiceAccount,
    DeleteWorkspace,
    RemoveUser,
    Role,
    UpdateWorkspace,
    UpdateWorkspaceUserRole,
    WithdrawInvitation,
)
from services.identity.projections import PROJECTIONS
from services.identity.sql import QUERIES
from shared.auth import workspace
from tests.conftest import NewDatabase
from tests.integration.deployments.service import running, settings_of
from tests.integration.identity.service import INVITES, Identity, rows_of
from tests.servers import NatsForTests


async def lead_a_life(identity: Identity) -> None:
    """Have every type of event happen at least once."""
    ann = await identity.sign_up(full_name="Ann Lee", username="annie")
    one, two = [await identity.workspace(ann, label) for label in ("One", "Two")]
    bob = await identity.member(ann, one, "bob@example.com", Role.WORKSPACE_VIEWER)
    await identity.ask(
        UpdateWorkspaceUserRole(workspace_id=one.id, email="bob@example.com", role=Role.WORKSPACE_EDITOR), ann.now
    )
    await identity.ask(AddWorkspaceUser(workspace_id=two.id, email="carl@example.com"), ann.now)
    await identity.ask(
        UpdateWorkspaceUserRole(workspace_id=two.id, email="carl@example.com", role=Role.WORKSPACE_ADMIN), ann.now
    )
    withdrawn, _ = await identity.invited("dora@example.com")
    await identity.ask(WithdrawInvitation(invitation_id=withdrawn.invitation_id), INVITES)
    await identity.invited("fred@example.com")
    owner = await identity.join("owner@example.com", roles=(Role.SYSTEM_ADMIN,))
    await identity.ask(RemoveUser(user_id=owner.id), ann.now)
    gone = await identity.account(ann, key="a" * 32)
    await identity.ask(DeleteServiceAccount(credential_id=gone.id), ann.now)
    await identity.account(ann, workspace(two.id), key="b" * 32)
    await identity.account(bob, workspace(one.id), key="c" * 32, role=Role.WORKSPACE_EDITOR)
    await identity.ask(UpdateWorkspace(workspace_id=one.id, description="The first"), bob.now)
    await identity.ask(DeleteWorkspace(workspace_id=two.id), ann.now)
    await identity.settled()


async def test_rebuilt_tables_equal_the_running_ones(
    identity: Identity, database: NewDatabase, nats_server: NatsForTests
) -> None:
    async with running(settings_of(await database(DEPLOYMENTS), nats_server)):
        await lead_a_life(identity)
    happened = {row["type_name"] for row in await identity.fetch("select distinct type_name from events")}
    assert happened == {event.type_name for event in EVENTS}
    for projection in PROJECTIONS:
        before = {table: await rows_of(identity, table) for table in projection.tables}
        assert any(before.values())
        await identity.followers.rebuild(projection.name)
        assert {table: await rows_of(identity, table) for table in projection.tables} == before
    people = [row["row"] for row in await rows_of(identity, "users")]
    assert not [row for row in people if "owner@example.com" in row or "carl@" in row]


async def test_no_question_has_to_read_a_whole_table(identity: Identity) -> None:
    questions = {name: text for name, text in QUERIES.items() if " read." in text}
    assert len(questions) > 20
    connection = await asyncpg.connect(identity.database.admin_dsn)
    try:
        await connection.execute("set enable_seqscan = off")
        await connection.execute(
            """
            create function pg_temp.plan(query text) returns setof text language plpgsql as
            $$ begin return query execute 'explain (generic_plan) ' || query; end $$
            """
        )
        for name, text in questions.items():
            plan = "\n".join(row[0] for row in await connection.fetch("select pg_temp.plan($1)", text))
            assert "Seq Scan" not in plan, f"{name}:\n{plan}"
    finally:
        await connection.close()
