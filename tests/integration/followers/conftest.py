"""Replicas of a service of counters, each with its own store, pools and followers."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta

import asyncpg
import pytest

from shared.followers.followers import Followed, Followers
from shared.followers.settings import FollowerSettings
from shared.followers.wire import Wire
from shared.postgres import open_pools
from shared.store.events import EventStore, EventTypes
from shared.store.model import PgPool
from tests.conftest import NewDatabase
from tests.integration.followers.counters import TABLES, TYPES, Applied, CounterRow, counters
from tests.servers import Database

QUICK = FollowerSettings(
    poll=timedelta(seconds=0.2),
    batch=100,
    first_delay=timedelta(seconds=0.02),
    longest_delay=timedelta(seconds=0.1),
)


@dataclass(frozen=True)
class Replica:
    """What one process of the service holds."""

    store: EventStore
    followers: Followers
    pool: PgPool
    database: Database

    async def rows(self) -> dict[str, CounterRow]:
        found = await self.pool.fetch("select to_jsonb(c) from read.counters c")
        rows = [CounterRow.model_validate_json(each[0]) for each in found]
        return {row.id: row for row in rows}

    async def applied(self) -> list[int]:
        """Return the positions in the order in which they were applied."""
        return [row[0] for row in await self.pool.fetch("select position from read.applied order by n")]

    async def caught_up(self, *, timeout_s: float = 10.0) -> int:
        """Wait until the projections show everything; return the position."""
        head = (await self.store.head()).position
        assert await self.followers.wait_for(position=head, timeout_s=timeout_s)
        return head

    async def as_admin(self, statement: str) -> None:
        connection = await asyncpg.connect(self.database.admin_dsn)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def lose_connections(self) -> None:
        """End every session of the service in Postgres, but for those that only look."""
        await self.as_admin(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
            " and application_name like 'aerodrome%' and application_name not like '%queries'"
        )


NewReplica = Callable[..., Awaitable[Replica]]
PROJECTIONS = Followed(projections=(counters(), Applied()))


@pytest.fixture
async def kernel(database: NewDatabase) -> Database:
    """A database with the tables of counters."""
    return await with_tables(await database("kernel"))


async def with_tables(database: Database) -> Database:
    """Return the database with the tables of counters in it."""
    connection = await asyncpg.connect(database.owner_dsn)
    await connection.execute(TABLES)
    await connection.close()
    return database


@pytest.fixture
async def replica() -> AsyncIterator[NewReplica]:
    """A maker of replicas; their followers run unless `start` is False."""
    async with AsyncExitStack() as stack:

        async def make(
            database: Database,
            followed: Followed = PROJECTIONS,
            *,
            service: str = "identity",
            types: EventTypes = TYPES,
            bus: Wire | None = None,
            settings: FollowerSettings = QUICK,
            start: bool = True,
        ) -> Replica:
            pools = await open_pools(database.app_dsn, service=service)
            stack.push_async_callback(pools.close)
            store = EventStore(pools.commands, types, None, readers=pools.followers)
            stack.push_async_callback(store.close)
            followers = Followers(
                service, store=store, pool=pools.followers, bus=bus, followed=followed, settings=settings
            )
            store.on_commit(followers.wake)
            if start:
                await followers.start()
            stack.push_async_callback(followers.stop)
            return Replica(store, followers, pools.queries, database)

        yield make
