"""What DAG code can do with the connection of its Airflow: use its own database, and nothing else of the server."""

from dataclasses import replace

import asyncpg
import pytest

from services.deployments.runner.configuration import DatabaseAddress
from services.nats_users import SERVICES
from shared.servers.databases import ServiceDatabase, close_to_strangers, prepare_database
from tests.integration.runner.test_databases import NEWEST, ONE, OTHER, connected, made_by_the_runner, migrate
from tests.servers import PASSWORD, PostgresForTests

REFUSED = (asyncpg.InsufficientPrivilegeError, asyncpg.ObjectNotInPrerequisiteStateError)
ATTACKS = (
    "select * from pg_authid",
    "select pg_read_file('PG_VERSION')",
    "select pg_ls_dir('.')",
    "select lo_import('/etc/hostname')",
    "copy (select 1) to '/dev/null'",
    "copy dag from program 'id'",
    "create role mine",
    "alter role airflow_cother password 'mine'",
    "alter role airflow_cone superuser",
    "set role airflow_cother",
    "set role airflow_template",
    "set session authorization postgres",
    "create database mine",
    "create function f() returns int language c as '$libdir/mine', 'f'",
    "alter system set log_statement = 'all'",
    "set session_preload_libraries = 'x'",
    "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'postgres'",
)


@pytest.fixture
async def addresses(private_postgres: PostgresForTests) -> tuple[DatabaseAddress, DatabaseAddress]:
    """Two deployments on a server with the databases of the services, as `aerodrome up` makes it."""
    admin = private_postgres.server.dsn()
    await close_to_strangers(admin)
    for service in SERVICES:
        await prepare_database(admin, ServiceDatabase(name=service, owner_password=PASSWORD, app_password=PASSWORD))
    databases = await made_by_the_runner(private_postgres)
    await databases.ensure_template(NEWEST, "of-template", migrate)
    one, other = [await databases.create(each, NEWEST, f"of-{each}") for each in (ONE, OTHER)]
    return one, other


async def test_an_airflow_connects_to_its_own_database_only(
    private_postgres: PostgresForTests, addresses: tuple[DatabaseAddress, DatabaseAddress]
) -> None:
    one, _ = addresses
    admin = await asyncpg.connect(private_postgres.server.dsn())
    names = {row["datname"] for row in await admin.fetch("select datname from pg_database")} - {one.name}
    await admin.close()
    assert {*SERVICES, "postgres", "template1", "airflow_cother"} < names

    for name in names:
        with pytest.raises(REFUSED):
            async with connected(replace(one, name=name), "of-cone"):
                pass


async def test_an_airflow_can_not_rise_above_its_database(addresses: tuple[DatabaseAddress, DatabaseAddress]) -> None:
    one, other = addresses
    async with connected(other, "of-cother") as theirs, connected(one, "of-cone") as own:
        await theirs.fetch("select 'secret of theirs'")
        for attack in ATTACKS:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await own.execute(attack)
        seen = await own.fetch("select query from pg_stat_activity where usename <> current_user")
        assert not [row for row in seen if "secret" in row["query"]]


async def test_a_copy_is_open_to_nobody_else_at_any_time(
    private_postgres: PostgresForTests, addresses: tuple[DatabaseAddress, DatabaseAddress]
) -> None:
    one, other = addresses
    refused: list[str] = []

    async def migrate_new(address: DatabaseAddress, password: str) -> None:
        assert password == "of-cone"
        async with connected(address, password):
            with pytest.raises(REFUSED):
                async with connected(replace(address, role=other.role), "of-cother"):
                    pass
        refused.append(address.name)

    await (await made_by_the_runner(private_postgres)).upgrade(ONE, NEWEST, "of-cone", migrate_new)

    assert refused == [f"{one.name}_new"]
