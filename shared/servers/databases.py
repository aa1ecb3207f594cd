"""The roles and the database of a service on a Postgres server, made or brought up to date."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import asyncpg

from shared.errors import Unavailable

_OF_EVERY_SERVER: Final = ("postgres", "template1")


@dataclass(frozen=True, kw_only=True)
class ServiceDatabase:
    """A service's database: `<name>_owner` owns it and migrates, `<name>` uses what migrations grant."""

    name: str
    owner_password: str
    app_password: str

    @property
    def owner(self) -> str:
        """The role that owns database and tables."""
        return f"{self.name}_owner"


async def prepare_database(admin_dsn: str, database: ServiceDatabase) -> None:
    """Make roles and database unless they exist, and set the passwords.

    Raises Unavailable if the server can't be reached.
    """
    async with connected(admin_dsn) as connection:
        await _prepare(connection, database)


async def _prepare(connection: asyncpg.Connection, database: ServiceDatabase) -> None:
    for role, password in ((database.owner, database.owner_password), (database.name, database.app_password)):
        await prepare_role(connection, role, password)
    if not await connection.fetchval("select true from pg_database where datname = $1", database.name):
        await execute_with_names(connection, "create database %I owner %I", database.name, database.owner)
    await execute_with_names(connection, "revoke all on database %I from public", database.name)
    await execute_with_names(connection, "grant connect on database %I to %I", database.name, database.name)


async def close_to_strangers(admin_dsn: str) -> None:
    """Let no role connect to the databases that every server has, which by default each may.

    Raises Unavailable if the server can't be reached.
    """
    async with connected(admin_dsn) as connection:
        for name in _OF_EVERY_SERVER:
            await execute_with_names(connection, "revoke all on database %I from public", name)


@asynccontextmanager
async def connected(dsn: str) -> AsyncGenerator[asyncpg.Connection]:
    """Connect for the time of the block; raises Unavailable if the server can't be reached."""
    try:
        connection = await asyncpg.connect(dsn, timeout=10)
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise Unavailable(f"postgres can't be reached: {error}") from error
    try:
        yield connection
    finally:
        await connection.close()


async def prepare_role(connection: asyncpg.Connection, role: str, password: str) -> None:
    """Make a role that may log in unless it is there, and set its password."""
    exists = await connection.fetchval("select true from pg_roles where rolname = $1", role)
    words = "alter role %I login password %L" if exists else "create role %I login password %L"
    await execute_with_names(connection, words, role, password)


async def execute_with_names(connection: asyncpg.Connection, template: str, *names: str) -> None:
    """Run a statement that takes no parameters; the server quotes the names (%I) and literals (%L) itself."""
    statement = await connection.fetchval("select format($1, variadic $2::text[])", template, list(names))
    await connection.execute(statement)
