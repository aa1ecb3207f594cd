"""Stores on databases of their own."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import asyncpg
import pytest

from shared.store.events import EventStore, EventTypes
from shared.store.model import PgPool
from shared.store.personal import PersonalKeys
from tests.conftest import NewDatabase
from tests.integration.store.things import MASTER_KEY, PERSONAL_TYPES, TYPES
from tests.servers import Database


@dataclass(frozen=True)
class OpenStore:
    """A store of one process, with what it stands on."""

    store: EventStore
    pool: PgPool
    database: Database
    keys: PersonalKeys


OpenStores = Callable[[Database], Awaitable[OpenStore]]


@asynccontextmanager
async def opened(database: Database, *, dsn: str = "", types: EventTypes = PERSONAL_TYPES) -> AsyncGenerator[OpenStore]:
    """Open a store as the service's role."""
    pool = await asyncpg.create_pool(dsn or database.app_dsn, min_size=1, max_size=5)
    keys = PersonalKeys(pool, MASTER_KEY)
    store = EventStore(pool, types, keys if types is not TYPES else None)
    try:
        yield OpenStore(store, pool, database, keys)
    finally:
        await store.close()
        await pool.close()


@pytest.fixture
async def kernel(database: NewDatabase) -> Database:
    """A database with the kernel's tables."""
    return await database("kernel")


@pytest.fixture
async def open_store() -> AsyncIterator[OpenStores]:
    """A maker of stores: each stands for one process."""
    async with AsyncExitStack() as stack:
        yield lambda database: stack.enter_async_context(opened(database))


@pytest.fixture
async def first(kernel: Database, open_store: OpenStores) -> OpenStore:
    """The store of one process."""
    return await open_store(kernel)


@pytest.fixture
async def second(kernel: Database, open_store: OpenStores) -> OpenStore:
    """The store of another process on the same database."""
    return await open_store(kernel)
