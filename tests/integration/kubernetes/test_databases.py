"""Databases of Airflows in a cluster are made by a role that is no superuser, as on a managed Postgres."""

from urllib.parse import urlsplit

import asyncpg
import pytest

from services.deployments.contract import DeploymentId
from services.deployments.kubernetes.databases import ClusterDatabases
from services.deployments.runner.databases import Databases
from tests.servers import PostgresForTests

ONE, OTHER = DeploymentId("cone"), DeploymentId("cother")


@pytest.fixture
async def databases(private_postgres: PostgresForTests) -> ClusterDatabases:
    """Databases made by such a role."""
    connection = await asyncpg.connect(private_postgres.server.dsn())
    await connection.execute("create role maker login password 'maker' createdb createrole")
    await connection.close()
    url = private_postgres.server.dsn(user="maker", password="maker")
    return ClusterDatabases(url=url, installation="0123456789ab")


async def connected(databases: ClusterDatabases, id_: DeploymentId, password: str, *, name: str = "") -> str:
    address = databases.address(id_)
    connection = await asyncpg.connect(
        host=address.host, port=address.port, database=name or address.name, user=address.role, password=password
    )
    try:
        await connection.execute("create table if not exists dag (id int)")
        return str(await connection.fetchval("select current_database()"))
    finally:
        await connection.close()


async def test_a_deployment_has_its_own_and_reaches_no_other(databases: ClusterDatabases) -> None:
    for id_ in (ONE, OTHER):
        await databases.ensure(id_, f"of-{id_}")
    address = databases.address(ONE)
    assert address.host == urlsplit(databases.url).hostname
    assert await connected(databases, ONE, "of-cone") == address.name
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connected(databases, ONE, "of-cone", name=databases.address(OTHER).name)


async def test_making_it_again_keeps_it_and_sets_the_password(databases: ClusterDatabases) -> None:
    await databases.ensure(ONE, "before")
    await connected(databases, ONE, "before")
    await databases.ensure(ONE, "after")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await connected(databases, ONE, "before")
    await connected(databases, ONE, "after")


async def test_dropping_ends_sessions_and_leaves_nothing(databases: ClusterDatabases) -> None:
    await databases.ensure(ONE, "of-one")
    address = databases.address(ONE)
    session = await asyncpg.connect(
        host=address.host, port=address.port, database=address.name, user=address.role, password="of-one"
    )
    assert await databases.list_managed() == {ONE}
    for _ in range(2):
        await databases.drop(ONE)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await session.fetchval("select 1")
    session.terminate()
    assert await databases.list_managed() == set()


async def test_those_of_another_installation_or_driver_are_not_seen(
    databases: ClusterDatabases, private_postgres: PostgresForTests
) -> None:
    await databases.ensure(ONE, "of-one")
    assert await ClusterDatabases(url=databases.url, installation="another").list_managed() == set()
    assert await Databases(private_postgres.server.dsn()).names() == set()
