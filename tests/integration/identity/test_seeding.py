"""`aerodrome seed` on a running identity, reached as in a container."""

import pytest

from services.cli.folder import CannotStart, DataFolder
from services.cli.seed import seed
from services.identity.contract import Role, SignIn, WorkspaceMembers
from services.identity.seeding import PASSWORD, Sizes
from shared.postgres import QUERIES, open_pool
from shared.store.verify import verify
from tests.integration.identity.service import Identity

SIZES = Sizes(users=60, workspaces=12, service_accounts=30, teams=9)


async def count(identity: Identity, table: str) -> int:
    """Return how many rows a read model has."""
    (row,) = await identity.fetch(f"select count(*) from read.{table}")
    return int(row[0])


async def test_seeded_people_sign_in_and_the_first_is_administrator(identity: Identity, reached: DataFolder) -> None:
    said: list[str] = []
    await seed(reached, SIZES, force=False, say=said.append)
    assert [await count(identity, name) for name in ("users", "workspaces", "service_accounts", "teams")] == [
        60,
        12,
        30,
        9,
    ]
    assert said[-1].startswith("sign in as person.0@seed.test to person.59@seed.test")
    first = await identity.somebody(await identity.ask(SignIn(identity="person.0@seed.test", password=PASSWORD)))
    assert any(grant.role == Role.SYSTEM_ADMIN for grant in first.now.grants)
    (place,) = await identity.fetch("select id from read.workspaces order by id limit 1")
    members = await identity.ask(WorkspaceMembers(workspace_ids=(place["id"],)), first.now)
    assert any(row.role is Role.WORKSPACE_ADMIN for row in members.rows)


async def test_the_chain_of_a_seeded_store_is_intact(identity: Identity, reached: DataFolder) -> None:
    await seed(reached, SIZES, force=False, say=lambda _: None)
    pool = await open_pool(identity.database.app_dsn, service="test", shape=QUERIES)
    try:
        found = await verify(pool, None)
    finally:
        await pool.close()
    assert found.broken is None
    assert found.events > SIZES.users + SIZES.workspaces + SIZES.service_accounts


async def test_where_people_live_seeding_takes_force_and_adds_others(identity: Identity, reached: DataFolder) -> None:
    ann = await identity.sign_up("ann@example.com")
    await seed(reached, SIZES, force=False, say=lambda _: None)  # an administrator alone is no reason to refuse
    with pytest.raises(CannotStart, match="people live here"):
        await seed(reached, SIZES, force=False, say=lambda _: None)
    await seed(reached, SIZES, force=True, say=lambda _: None)
    assert await count(identity, "users") == 2 * SIZES.users + 1
    owners = await identity.fetch("select user_id from read.role_bindings where role = $1", Role.SYSTEM_ADMIN)
    assert [row["user_id"] for row in owners] == [ann.id]
