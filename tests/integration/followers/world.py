"""A source and its consumer, and what can be waited for of them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from nats.aio.client import Client

from shared.bus.client import Bus
from tests.integration.followers.conftest import Replica
from tests.integration.followers.counters import open_counter
from tests.integration.followers.wiring import positions, taken
from tests.servers import Database, NatsForTests


@dataclass(frozen=True)
class World:
    """A source of events, and databases for consumers of them."""

    nats: NatsForTests
    source: Replica
    source_bus: Bus
    client: Client
    other: Database


NewConsumer = Callable[..., Awaitable[Replica]]


async def open_many(mine: Replica, count: int) -> None:
    for n in range(count):
        await open_counter(mine.store, f"c{n}", 1)


async def published(world: World, last: int) -> bool:
    return (await positions(world.client))[-1:] == [last]


async def is_parked(mine: Replica) -> bool:
    return bool((await mine.followers.status()).parked)


async def has_skipped(mine: Replica) -> bool:
    found: bool = await mine.pool.fetchval("select last_skipped > position + 2 from parked_streams")
    return found


async def more_than(mine: Replica, count: int) -> bool:
    return len(await taken(mine)) > count


async def has_taken_all(mine: Replica, wanted: list[int]) -> bool:
    return await taken(mine) == wanted
