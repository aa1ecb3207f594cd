"""The databases of local Airflows: each a copy of its version's template, owned by a role of its own."""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import asyncpg

from services.deployments.contract import DeploymentId
from services.deployments.runner.configuration import DatabaseAddress
from services.deployments.runner.versions import Version
from shared.errors import Unavailable
from shared.postgres import DRIVER_ERRORS
from shared.servers.databases import execute_with_names

log = logging.getLogger(__name__)

PREFIX: Final = "airflow_"
_TEMPLATE: Final = "airflow_template_"
_HALF: Final = "airflow_half_"
_NEW: Final = "_new"
_BEFORE: Final = "_before"
_VERSION: Final = "airflow "
"""How the comment begins that tells the version a database is at; it is written last, so what has none is not whole."""

_TEMPLATE_OWNER: Final = "airflow_template"
_MOST_CONNECTIONS: Final = 60
_CONNECT_S: Final = 10.0
_STATEMENT_S: Final = 60.0
_LOCK: Final = 4_102_911
"""The number of the advisory lock under which templates are made."""

_LOCK_S: Final = 300.0

Migrate = Callable[[DatabaseAddress, str], Awaitable[None]]
"""Migrates the database at an address, whose role has that password."""


@dataclass(frozen=True, slots=True)
class Databases:
    """Makes and drops databases and roles on the server of `admin_dsn`, which is its superuser's."""

    admin_dsn: str = field(repr=False)

    async def ensure_template(self, version: Version, password: str, migrate: Migrate) -> None:
        """Make the template of a version unless it is there; one of several that ask migrates, once.

        `password` is the role's while it migrates. What `migrate` raises passes through and leaves no template.
        """
        name = _template(version)
        async with self._connected() as admin:
            await admin.execute("select pg_advisory_lock($1)", _LOCK, timeout=_LOCK_S)
            if not await _exists(admin, name):
                await self._make_template(admin, name, password, migrate)
                log.info("template database made", extra={"airflow": version.number})

    async def create(self, deployment_id: DeploymentId, version: Version, password: str) -> DatabaseAddress:
        """Make role and database of a deployment unless they are there, and set the password; the template exists."""
        name = name_of(deployment_id)
        async with self._connected() as admin:
            await _role(admin, name, password)
            if not await _exists(admin, name):
                await _copy(admin, name, _template(version), owner=name)
            await _open(admin, name)
        async with self._connected(name) as inside:
            await execute_with_names(inside, "reassign owned by %I to %I", _TEMPLATE_OWNER, name)
            await _note_version(inside, name, version)
        return self._address(name)

    async def version(self, deployment_id: DeploymentId) -> str:
        """Return the Airflow version that a deployment's database is at, "" where there is no whole one."""
        async with self._connected() as admin:
            return await _version_of(admin, name_of(deployment_id))

    async def upgrade(
        self, deployment_id: DeploymentId, version: Version, password: str, migrate: Migrate
    ) -> DatabaseAddress:
        """Bring a deployment's database to a newer version and keep it as it was beside it, until `forget_before`.

        What `migrate` raises passes through and leaves the database as it was. Nobody is connected to it.
        """
        name = name_of(deployment_id)
        new = name + _NEW
        async with self._connected() as admin:
            await _role(admin, name, password)
            await execute_with_names(admin, "drop database if exists %I with (force)", new)
            await _copy(admin, new, name, owner=name)
            await _open(admin, new)
            await migrate(self._address(new, role=name), password)
            await _note_version(admin, new, version)
            await execute_with_names(admin, "drop database if exists %I with (force)", name + _BEFORE)
            await execute_with_names(admin, "alter database %I rename to %I", name, name + _BEFORE)
            await execute_with_names(admin, "alter database %I rename to %I", new, name)
        return self._address(name)

    async def mend(self, deployment_id: DeploymentId, version: Version) -> None:
        """Finish what an upgrade that died has begun, and go back to the database before it if that is at `version`."""
        name = name_of(deployment_id)
        async with self._connected() as admin:
            if not await _exists(admin, name):
                for beside in (name + _NEW, name + _BEFORE):
                    if await _version_of(admin, beside) and not await _exists(admin, name):
                        await execute_with_names(admin, "alter database %I rename to %I", beside, name)
            before = await _version_of(admin, name + _BEFORE)
            if before == version.number != await _version_of(admin, name):
                await execute_with_names(admin, "drop database if exists %I with (force)", name)
                await execute_with_names(admin, "alter database %I rename to %I", name + _BEFORE, name)

    async def forget_before(self, deployment_id: DeploymentId) -> None:
        """Drop what an upgrade kept: the new version is up."""
        async with self._connected() as admin:
            for suffix in (_BEFORE, _NEW):
                name = name_of(deployment_id) + suffix
                await execute_with_names(admin, "drop database if exists %I with (force)", name)

    async def drop(self, deployment_id: DeploymentId) -> None:
        """Drop database and role, and end every session in it; nothing happens if they are gone."""
        await self.drop_named(name_of(deployment_id))

    async def drop_named(self, name: str) -> None:
        """Drop the databases and the role of this name."""
        async with self._connected() as admin:
            for each in (name, name + _NEW, name + _BEFORE):
                await execute_with_names(admin, "drop database if exists %I with (force)", each)
            await execute_with_names(admin, "drop role if exists %I", name)

    async def names(self) -> set[str]:
        """Return the names of all databases and roles of deployments, wanted or not."""
        async with self._connected() as admin:
            rows = await admin.fetch(
                "select datname as name from pg_database where starts_with(datname, $1)"
                " union select rolname from pg_roles where starts_with(rolname, $1)",
                PREFIX,
            )
        found = {str(row["name"]) for row in rows} - {_TEMPLATE_OWNER}
        names = {name.removesuffix(_NEW).removesuffix(_BEFORE) for name in found}
        return {name for name in names if not name.startswith((_TEMPLATE, _HALF))}

    async def _make_template(self, admin: asyncpg.Connection, name: str, password: str, migrate: Migrate) -> None:
        half = name.replace(_TEMPLATE, _HALF)
        await _role(admin, _TEMPLATE_OWNER, password)
        await execute_with_names(admin, "drop database if exists %I with (force)", half)
        await execute_with_names(admin, "create database %I template template0", half)
        await execute_with_names(admin, "revoke all on database %I from public", half)
        await execute_with_names(admin, "grant connect, temporary on database %I to %I", half, _TEMPLATE_OWNER)
        async with self._connected(half) as inside:
            await execute_with_names(inside, "grant create, usage on schema public to %I", _TEMPLATE_OWNER)
        try:
            await migrate(self._address(half, role=_TEMPLATE_OWNER), password)
        finally:
            await execute_with_names(admin, "alter role %I nologin", _TEMPLATE_OWNER)
        await execute_with_names(admin, "alter database %I rename to %I", half, name)
        await execute_with_names(admin, "alter database %I allow_connections false", name)

    def _address(self, name: str, *, role: str = "") -> DatabaseAddress:
        server = urlsplit(self.admin_dsn)
        return DatabaseAddress(
            host=server.hostname or "127.0.0.1", port=server.port or 5432, name=name, role=role or name
        )

    def _connected(self, database: str | None = None) -> AbstractAsyncContextManager[asyncpg.Connection]:
        return connected(self.admin_dsn, database)


@asynccontextmanager
async def connected(dsn: str, database: str | None = None) -> AsyncGenerator[asyncpg.Connection, None]:
    """Open a connection, to another database of the server if one is named; raises Unavailable."""
    try:
        connection = await asyncpg.connect(dsn, database=database, timeout=_CONNECT_S, command_timeout=_STATEMENT_S)
        try:
            yield connection
        finally:
            await connection.close(timeout=_CONNECT_S)
    except DRIVER_ERRORS as error:
        raise Unavailable(f"postgres refused or is away: {type(error).__name__}: {error}") from error


def name_of(deployment_id: DeploymentId) -> str:
    """Return the name of a deployment's database and role."""
    return f"{PREFIX}{deployment_id}"


def _template(version: Version) -> str:
    return _TEMPLATE + version.number.replace(".", "_")


async def _exists(admin: asyncpg.Connection, database: str) -> bool:
    return await admin.fetchval("select true from pg_database where datname = $1", database) or False


async def _copy(admin: asyncpg.Connection, name: str, template: str, *, owner: str) -> None:
    """Make a database from another one; nobody gets in until `_open`: a new one lets everybody connect."""
    words = "create database %I template %I owner %I allow_connections false"
    await execute_with_names(admin, words, name, template, owner)


async def _open(admin: asyncpg.Connection, name: str) -> None:
    """Let the owner of a database connect, and no other role."""
    await execute_with_names(admin, "revoke all on database %I from public", name)
    await execute_with_names(admin, "alter database %I allow_connections true", name)


async def _role(admin: asyncpg.Connection, name: str, password: str) -> None:
    exists = await admin.fetchval("select true from pg_roles where rolname = $1", name)
    words = "alter role %I" if exists else "create role %I"
    await execute_with_names(admin, f"{words} login password %L connection limit {_MOST_CONNECTIONS}", name, password)


async def _version_of(admin: asyncpg.Connection, database: str) -> str:
    comment = await admin.fetchval(
        "select shobj_description(oid, 'pg_database') from pg_database where datname = $1", database
    )
    return (comment or "").removeprefix(_VERSION)


async def _note_version(admin: asyncpg.Connection, database: str, version: Version) -> None:
    await execute_with_names(admin, "comment on database %I is %L", database, _VERSION + version.number)
