"""One replica at a time does a thing: by a lock that lasts as long as a connection to Postgres does."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from shared.store.model import PgConnection, PgPool


class Lead:
    """The lead over the other replicas; what is done under it is fenced besides, as a lead can end unnoticed."""

    def __init__(self, connection: PgConnection) -> None:
        self._connection = connection

    async def confirm(self) -> None:
        """Raise what asyncpg raises when the connection, and the lead with it, is gone."""
        await self._connection.fetchval("select 1", timeout=5)  # s


@asynccontextmanager
async def lead(pool: PgPool, name: str) -> AsyncGenerator[Lead | None]:
    """Take the lead in `name` for the length of the block; None while another replica has it."""
    async with pool.acquire() as connection:
        taken = await connection.fetchval("select pg_try_advisory_lock(hashtextextended('lead ' || $1, 0))", name)
        yield Lead(connection) if taken else None
        # The lock is given back with the connection: the pool unlocks what a connection has locked.
