"""The roles of the runner on Postgres: one for what is wished and seen, one that makes the databases of Airflows."""

from typing import Final

import asyncpg

from services.deployments.runner.databases import PREFIX
from shared.servers.databases import connected, execute_with_names, prepare_role

RUNNER_ROLE: Final = "deployments_runner"
"""The runner in the database of the deployments service."""

AIRFLOWS_ROLE: Final = "airflows"
"""Makes the databases and roles of Airflows and is a member of those; no superuser, so it reaches no others."""


async def prepare_airflows(admin_dsn: str, password: str) -> None:
    """Make the role that makes databases unless it is there, set its password and let it have what a superuser made.

    Raises Unavailable if the server can't be reached. Source: createrole_self_grant, from Postgres 16 on.
    """
    async with connected(admin_dsn) as admin:
        await prepare_role(admin, AIRFLOWS_ROLE, password)
        await execute_with_names(admin, "alter role %I createdb createrole", AIRFLOWS_ROLE)
        await execute_with_names(admin, "alter role %I set createrole_self_grant = 'set, inherit'", AIRFLOWS_ROLE)
        home: str = await admin.fetchval("select current_database()")
        await execute_with_names(admin, "grant connect on database %I to %I", home, AIRFLOWS_ROLE)
        await _hand_over(admin)


async def _hand_over(admin: asyncpg.Connection) -> None:
    for row in await admin.fetch("select rolname from pg_roles where starts_with(rolname, $1)", PREFIX):
        words = "grant %I to %I with admin true, inherit true, set true"
        await execute_with_names(admin, words, row["rolname"], AIRFLOWS_ROLE)
    made = "select datname from pg_database where starts_with(datname, $1) and datdba = current_user::regrole"
    for row in await admin.fetch(made, PREFIX):
        await execute_with_names(admin, "alter database %I owner to %I", row["datname"], AIRFLOWS_ROLE)


async def prepare_runner(admin_dsn: str, owner_dsn: str, password: str) -> None:
    """Make the runner's role unless it is there and let it into the migrated database of the owner.

    Raises Unavailable if the server can't be reached.
    """
    async with connected(admin_dsn) as admin:
        await prepare_role(admin, RUNNER_ROLE, password)
    async with connected(owner_dsn) as owner:
        await owner.fetchval("select admit_runner($1)", RUNNER_ROLE)
