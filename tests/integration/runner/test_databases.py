"""Each Airflow has a database of its own role, copied from a template that is migrated once."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from services.deployments.contract import DeploymentId
from services.deployments.drivers.protocol import StepFailed
from services.deployments.runner.configuration import DatabaseAddress
from services.deployments.runner.databases import Databases
from services.deployments.runner.roles import AIRFLOWS_ROLE, prepare_airflows
from services.deployments.runner.versions import VERSIONS
from shared.errors import Unavailable
from tests.servers import PASSWORD, PostgresForTests

NEWEST = next(iter(VERSIONS.values()))
ONE, OTHER = DeploymentId("cone"), DeploymentId("cother")
TABLES = (
    "create type mood as enum ('up'); create table dag (id serial, mood mood); insert into dag (mood) values ('up')"
)


@asynccontextmanager
async def connected(address: DatabaseAddress, password: str) -> AsyncGenerator[asyncpg.Connection, None]:
    connection = await asyncpg.connect(
        host=address.host, port=address.port, database=address.name, user=address.role, password=password
    )
    try:
        yield connection
    finally:
        await connection.close()


async def migrate(address: DatabaseAddress, password: str) -> None:
    async with connected(address, password) as connection:
        await connection.execute(TABLES)


async def made_by_the_runner(postgres: PostgresForTests) -> Databases:
    """Return databases that are made with the rights of the runner."""
    await prepare_airflows(postgres.server.dsn(), PASSWORD)
    return Databases(postgres.server.dsn(user=AIRFLOWS_ROLE, password=PASSWORD))


@pytest.fixture
async def databases(private_postgres: PostgresForTests) -> Databases:
    """Databases on a server of their own, with the template of the newest version, as the runner makes them."""
    databases = await made_by_the_runner(private_postgres)
    await databases.ensure_template(NEWEST, "of-template", migrate)
    return databases


async def test_the_role_owns_all_that_the_template_brought(databases: Databases) -> None:
    address = await databases.create(ONE, NEWEST, "of-one")

    async with connected(address, "of-one") as own:
        await own.execute(
            "alter type mood add value 'down'; alter table dag add column more text; create table new (n int)"
        )
        owners = await own.fetchval("select array_agg(distinct tableowner) from pg_tables where schemaname = 'public'")
        assert await own.fetchval("select count(*) from dag") == 1
    assert owners == [address.role]


async def test_an_airflow_reaches_no_other_database(databases: Databases) -> None:
    one, other = [await databases.create(each, NEWEST, f"of-{each}") for each in (ONE, OTHER)]

    for name in (other.name, "airflow_template_3_3_2"):
        reaching = DatabaseAddress(host=one.host, port=one.port, name=name, role=one.role)
        with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.ObjectNotInPrerequisiteStateError)):
            async with connected(reaching, "of-cone"):
                pass


async def test_making_one_again_keeps_its_rows_and_sets_the_password(databases: Databases) -> None:
    address = await databases.create(ONE, NEWEST, "of-one")
    async with connected(address, "of-one") as own:
        await own.execute("insert into dag (mood) values ('up')")

    assert await databases.create(ONE, NEWEST, "another") == address

    async with connected(address, "another") as own:
        assert await own.fetchval("select count(*) from dag") == 2


async def test_dropping_ends_sessions_and_leaves_neither_database_nor_role(databases: Databases) -> None:
    address = await databases.create(ONE, NEWEST, "of-one")
    await databases.create(OTHER, NEWEST, "of-other")
    session = await asyncpg.connect(
        host=address.host, port=address.port, database=address.name, user=address.role, password="of-one"
    )

    await databases.drop(ONE)
    await databases.drop(ONE)

    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await session.fetchval("select 1")
    session.terminate()
    assert await databases.names() == {"airflow_cother"}


async def test_of_two_who_want_a_template_one_migrates(private_postgres: PostgresForTests) -> None:
    databases, migrated = await made_by_the_runner(private_postgres), 0

    async def counted(address: DatabaseAddress, password: str) -> None:
        nonlocal migrated
        migrated += 1
        await migrate(address, password)

    await asyncio.gather(*(databases.ensure_template(NEWEST, f"password-{n}", counted) for n in range(3)))

    assert migrated == 1
    assert await databases.names() == set()


async def test_a_failed_migration_leaves_no_template_and_the_next_succeeds(private_postgres: PostgresForTests) -> None:
    databases = await made_by_the_runner(private_postgres)

    async def fail(address: DatabaseAddress, password: str) -> None:
        await migrate(address, password)
        raise StepFailed("migrate", "ended with 1", ())

    with pytest.raises(StepFailed):
        await databases.ensure_template(NEWEST, "of-template", fail)
    with pytest.raises(Unavailable, match="template database"):
        await databases.create(ONE, NEWEST, "of-one")

    await databases.ensure_template(NEWEST, "of-template", migrate)
    assert (await databases.create(ONE, NEWEST, "of-one")).name == "airflow_cone"


async def test_a_server_that_is_away_is_told(private_postgres: PostgresForTests) -> None:
    private_postgres.kill()

    with pytest.raises(Unavailable, match="postgres refused or is away"):
        await Databases(private_postgres.server.dsn()).names()
