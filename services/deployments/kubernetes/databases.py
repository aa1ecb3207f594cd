"""The databases of Airflows in a cluster, empty ones, which the chart's own job migrates in place."""

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from services.deployments.contract import DeploymentId
from services.deployments.runner.configuration import DatabaseAddress
from services.deployments.runner.databases import connected
from shared.servers.databases import execute_with_names

_PORT: Final = 5432


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterDatabases:
    """Makes and drops a database and a role of the same name for each deployment of an installation.

    `url` is of a server that the cluster reaches by the same name, as a role that may create databases and roles.
    """

    url: str = field(repr=False)
    installation: str

    async def ensure(self, deployment_id: DeploymentId, password: str) -> DatabaseAddress:
        """Make role and database unless they are there, and set the password."""
        name = self._name(deployment_id)
        async with connected(self.url) as admin:
            exists = await admin.fetchval("select true from pg_roles where rolname = $1", name)
            words = "alter role %I" if exists else "create role %I"
            await execute_with_names(admin, f"{words} login password %L", name, password)
            if not await admin.fetchval("select true from pg_database where datname = $1", name):
                # Who is no superuser may give a database only to a role that it is a member of.
                await execute_with_names(admin, "grant %I to current_user", name)
                await execute_with_names(admin, "create database %I template template0 owner %I", name, name)
            await execute_with_names(admin, "revoke all on database %I from public", name)
        return self.address(deployment_id)

    async def drop(self, deployment_id: DeploymentId) -> None:
        """Drop database and role, and end every session in it; nothing happens if they are gone."""
        name = self._name(deployment_id)
        async with connected(self.url) as admin:
            await execute_with_names(admin, "drop database if exists %I with (force)", name)
            await execute_with_names(admin, "drop role if exists %I", name)

    async def list_managed(self) -> set[DeploymentId]:
        """Return whose databases or roles there are."""
        async with connected(self.url) as admin:
            rows = await admin.fetch(
                "select datname as name from pg_database where starts_with(datname, $1)"
                " union select rolname from pg_roles where starts_with(rolname, $1)",
                self._prefix,
            )
        return {DeploymentId(str(row["name"]).removeprefix(self._prefix)) for row in rows}

    def address(self, deployment_id: DeploymentId) -> DatabaseAddress:
        """Return where a deployment's database is, or would be."""
        server, name = urlsplit(self.url), self._name(deployment_id)
        return DatabaseAddress(host=server.hostname or "localhost", port=server.port or _PORT, name=name, role=name)

    @property
    def _prefix(self) -> str:
        return f"aerodrome_{self.installation}_"

    def _name(self, deployment_id: DeploymentId) -> str:
        return f"{self._prefix}{deployment_id}"
