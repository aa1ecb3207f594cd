"""Holding up the appends of a database, to make what arrives meanwhile one batch."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg

from tests.servers import Database

APPEND_LOCK = 4702111234474983745


@asynccontextmanager
async def appends_held_up(database: Database) -> AsyncGenerator[asyncpg.Connection]:
    """Keep every append of the database waiting for the lock, as a slow writer in another process would."""
    holder = await asyncpg.connect(database.owner_dsn)
    try:
        async with holder.transaction():
            await holder.execute("select pg_advisory_xact_lock($1)", APPEND_LOCK)
            yield holder
    finally:
        await holder.close()


async def waiting_appends(holder: asyncpg.Connection, *, count: int = 1) -> list[int]:
    """Wait until so many appends wait for the lock and return the process ids of their sessions."""
    while True:
        rows = await holder.fetch(
            """select pid from pg_locks where locktype = 'advisory' and not granted
            and database = (select oid from pg_database where datname = current_database())"""
        )
        if len(rows) >= count:
            return [row[0] for row in rows]
        await asyncio.sleep(0.005)
