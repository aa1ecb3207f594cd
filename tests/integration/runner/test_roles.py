"""The runner's own roles: what it may do in the database of the service, and with the databases of Airflows."""

from collections.abc import AsyncGenerator
from dataclasses import replace

import asyncpg
import pytest

from services.deployments.contract import DeploymentId, Observation
from services.deployments.keeping.assignments import Assignments, Goal
from services.deployments.runner.databases import Databases
from services.deployments.runner.roles import AIRFLOWS_ROLE, RUNNER_ROLE, prepare_airflows, prepare_runner
from shared.servers.databases import ServiceDatabase, prepare_database
from tests.conftest import NewDatabase
from tests.integration.deployments.keepers import ID, replica_on
from tests.integration.runner.test_databases import NEWEST, ONE, OTHER, connected, migrate
from tests.servers import PASSWORD, Database, PostgresForTests

UNKNOWN = DeploymentId("cdeployment00000000000002")
REFUSED = (
    "insert into assignments (deployment_id, generation, wish) values ('c', 1, 'gone')",
    "update assignments set wish = 'gone'",
    "update assignments set generation = 9",
    "update assignments set told = 9",
    "delete from assignments",
    "delete from keeper_leases",
    "insert into events (stream) values ('deployment-c')",
    "update events set data = ''",
    "select * from append_events(null, null, null, null, null, null, null)",
    "select purge_receipts(now(), 1)",
    "select * from take_person_keys(array['c'], array[''::bytea])",
    "select destroy_person_key('c')",
    "update person_keys set wrapped_key = null",
    "insert into bundle_parts (deployment_id) values ('c')",
    "delete from bundle_parts",
    "select * from read.deployments",
    "select * from receipts",
    "select * from refusals",
    "select * from outbox",
    "select admit_runner('deployments_runner')",
    "create table mine (n int)",
)


@pytest.fixture
async def ours(database: NewDatabase, postgres_server: PostgresForTests) -> Database:
    """A database of the service, used with the runner's role."""
    made = await database("deployments")
    await prepare_runner(made.admin_dsn, made.owner_dsn, PASSWORD)
    return replace(made, app_dsn=postgres_server.server.dsn(database=made.name, user=RUNNER_ROLE, password=PASSWORD))


@pytest.fixture
async def runner(ours: Database) -> AsyncGenerator[asyncpg.Connection]:
    """A connection of the runner."""
    connection = await asyncpg.connect(ours.app_dsn)
    yield connection
    await connection.close()


async def test_the_runner_keeps_what_is_wished(ours: Database) -> None:
    async with (
        asyncpg.create_pool(ours.owner_dsn, min_size=1, max_size=1) as service,
        replica_on(ours, data={UNKNOWN}) as replica,
    ):
        for generation, goal in enumerate((Goal.RUN, Goal.SLEEP, Goal.GONE), 1):
            await Assignments(service).want(ID, generation, goal)
            seen = (Observation.HEALTHY, Observation.HIBERNATED, Observation.REMOVED)[generation - 1]
            await replica.sees(seen, generation=generation)
        assert replica.driver.data == {UNKNOWN}


@pytest.mark.parametrize("statement", REFUSED)
async def test_the_runner_can_do_no_more(runner: asyncpg.Connection, statement: str) -> None:
    with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.UndefinedFunctionError)) as refused:
        await runner.execute(statement)
    assert "append_events" in statement or isinstance(refused.value, asyncpg.InsufficientPrivilegeError)


async def test_the_runner_can_execute_no_function_of_the_store(runner: asyncpg.Connection) -> None:
    found = await runner.fetch(
        "select p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace"
        " where n.nspname in ('public', 'read') and has_function_privilege(p.oid, 'execute')"
        " and p.prorettype <> 'trigger'::regtype"
        " and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')"  # an extension's
    )
    assert [row["proname"] for row in found] == []


async def test_who_makes_the_databases_of_airflows_reaches_no_others(private_postgres: PostgresForTests) -> None:
    admin = private_postgres.server.dsn()
    await prepare_database(admin, ServiceDatabase(name="identity", owner_password=PASSWORD, app_password=PASSWORD))
    await prepare_airflows(admin, PASSWORD)

    own = await asyncpg.connect(private_postgres.server.dsn(user=AIRFLOWS_ROLE, password=PASSWORD))
    for statement in (
        "select * from pg_authid",
        "select pg_read_file('PG_VERSION')",
        "create role mine superuser",
        "alter role postgres password 'mine'",
        "alter role identity password 'mine'",
        "grant identity to airflows",
        "grant pg_read_server_files to airflows",
        "drop database identity",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await own.execute(statement)
    await own.close()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(private_postgres.server.dsn(database="identity", user=AIRFLOWS_ROLE, password=PASSWORD))


async def test_what_a_superuser_made_before_is_kept_on(private_postgres: PostgresForTests) -> None:
    admin = private_postgres.server.dsn()
    before = Databases(admin)
    await before.ensure_template(NEWEST, "of-template", migrate)
    address = await before.create(ONE, NEWEST, "of-one")

    for _ in range(2):
        await prepare_airflows(admin, PASSWORD)
    databases = Databases(private_postgres.server.dsn(user=AIRFLOWS_ROLE, password=PASSWORD))

    assert await databases.create(ONE, NEWEST, "another") == address
    await databases.upgrade(ONE, NEWEST, "another", migrate_nothing)
    await databases.forget_before(ONE)
    async with connected(address, "another") as own:
        assert await own.fetchval("select count(*) from dag") == 1
    await databases.create(OTHER, NEWEST, "of-other")
    for each in (ONE, OTHER):
        await databases.drop(each)
    assert await databases.names() == set()


async def migrate_nothing(*_: object) -> None:
    """Have nothing to do."""
