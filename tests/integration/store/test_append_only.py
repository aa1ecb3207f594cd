"""Nobody changes an event: not by grant, not past the trigger."""

import asyncpg
import pytest

from tests.integration.store.conftest import OpenStore
from tests.integration.store.things import new_thing
from tests.servers import Database

CHANGES = [
    "update events set data = '{}'",
    "update events set data = '{}' where false",
    "delete from events",
    "truncate events",
    """insert into events select position + 1, stream, version + 1, gen_random_uuid(), type_name, schema_version, data,
    metadata, hash, recorded_at from events""",
]
OF_THE_STORE = [
    "update store_head set position = 0",
    "update epochs set began_behind = 0",
    "select start_epoch()",
    "delete from claims",
    "insert into claims values ('label', 'red', 'thing-1')",
    "delete from receipts",
    "insert into sources values ('identity', gen_random_uuid(), 1)",
    "delete from person_keys",
]


async def _execute(dsn: str, *statements: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize("change", [*CHANGES, *OF_THE_STORE])
async def test_the_service_may_only_read_the_tables(first: OpenStore, change: str) -> None:
    await first.store.append(new_thing("thing-1"))

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await _execute(first.database.app_dsn, change)


@pytest.mark.parametrize("change", CHANGES[:4])
@pytest.mark.parametrize("role", ["owner", "superuser", "superuser as a replica"])
async def test_the_trigger_refuses_every_change(first: OpenStore, change: str, role: str) -> None:
    await first.store.append(new_thing("thing-1"))
    dsn = first.database.owner_dsn if role == "owner" else first.database.admin_dsn
    before = ["set session_replication_role = replica"] if role.endswith("replica") else []

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        await _execute(dsn, *before, change)

    assert len(await first.store.read_stream("thing-1")) == 1


async def test_an_append_in_a_stricter_isolation_is_refused(kernel: Database) -> None:
    from shared.store.batch import APPEND, arguments, prepare
    from tests.integration.store.things import TYPES

    prepared = prepare(new_thing("thing-1"), types=TYPES, keys={}, claim_value=lambda claim: claim.value)
    connection = await asyncpg.connect(kernel.app_dsn)
    try:
        with pytest.raises(asyncpg.RaiseError, match="read committed"):
            async with connection.transaction(isolation="repeatable_read"):
                await connection.fetchrow(APPEND, *arguments([prepared]))
    finally:
        await connection.close()
