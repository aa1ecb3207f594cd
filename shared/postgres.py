"""Pools of connections to Postgres, and which of its errors mean that it is away for now."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

import asyncpg

from shared.store.model import PgPool

log = logging.getLogger(__name__)

DRIVER_ERRORS: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
"""Everything that asyncpg raises when something is wrong with a connection, a statement or its use."""

_AWAY: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shutdown, start, a cancelled or timed-out statement
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.LockNotAvailableError,
)
_DEAD: Final = ("is closed", "is closing", "released back to the pool", "was closed")
"""What asyncpg says of a connection that died in our hands or of a pool that ends; its other words blame the caller."""
_CONNECT_TIMEOUT_S: Final = 5.0
_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 2.0
_IDLE_S: Final = 300.0


def is_away(error: BaseException) -> bool:
    """Say whether `error` means "not now": a lost connection, a timeout, a lack of resources; no mistake of ours."""
    match error:
        case asyncpg.InternalClientError():  # used between the server's last word and the end of the connection
            return "cannot switch to state" in str(error)
        case asyncpg.InterfaceError():
            return any(words in str(error) for words in _DEAD)
        case _:
            return isinstance(error, _AWAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolShape:
    """How many connections a pool has and how long its statements may take.

    `sessions`: its users may leave locks or settings of the session behind, so that a round trip clears them at each
    return. An open transaction is always rolled back.
    """

    use: str
    most: int
    statement_s: float
    sessions: bool = False


COMMANDS: Final = PoolShape(use="commands", most=10, statement_s=5)
QUERIES: Final = PoolShape(use="queries", most=8, statement_s=5)
FOLLOWERS: Final = PoolShape(use="followers", most=8, statement_s=60, sessions=True)


@dataclass(frozen=True, slots=True)
class Pools:
    """The three pools of a service, so that none of them starves another."""

    commands: PgPool
    queries: PgPool
    followers: PgPool

    async def close(self) -> None:
        """Close all of them; what is still busy is ended after a moment."""
        await asyncio.gather(*(close_pool(pool) for pool in (self.commands, self.queries, self.followers)))


async def open_pools(database_url: str, *, service: str) -> Pools:
    """Return the pools of a service; waits for Postgres with backoff for as long as it takes."""
    commands, queries, followers = [
        await open_pool(database_url, service=service, shape=shape) for shape in (COMMANDS, QUERIES, FOLLOWERS)
    ]
    return Pools(commands, queries, followers)


async def open_pool(database_url: str, *, service: str, shape: PoolShape) -> PgPool:
    """Return an open pool; waits for Postgres with backoff for as long as it takes.

    A pool outlives restarts of Postgres: dead connections are replaced when they are asked for.
    """
    pause_s = _FIRST_PAUSE_S
    while True:
        try:
            return await _create(database_url, service=service, shape=shape)
        except (*_AWAY, asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError) as error:
            log.warning("postgres is away", extra={"use": shape.use, "error": type(error).__name__})
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


async def reachable(pool: PgPool) -> bool:
    """Say whether Postgres answers on a connection of the pool."""
    try:
        await pool.fetchval("select 1")
    except DRIVER_ERRORS:
        return False
    return True


async def _create(database_url: str, *, service: str, shape: PoolShape) -> PgPool:
    return await asyncpg.create_pool(
        database_url,
        min_size=1,
        max_size=shape.most,
        max_inactive_connection_lifetime=_IDLE_S,
        timeout=_CONNECT_TIMEOUT_S,
        reset=None if shape.sessions else _keep_session,
        # The server gives up first, so that a connection is rarely thrown away.
        command_timeout=shape.statement_s + 1,
        server_settings={
            "application_name": f"aerodrome {service} {shape.use}",
            "statement_timeout": f"{int(shape.statement_s * 1000)}ms",
            "idle_in_transaction_session_timeout": f"{int(shape.statement_s * 2000)}ms",
            "search_path": "read, public",
            "timezone": "UTC",
            "jit": "off",
            # Pages come from memory or flash: reading on by an index costs little, so pages need no sort of everything.
            "random_page_cost": "1.1",
        },
    )


async def _keep_session(_: object) -> None:
    """Leave a returned connection as it is."""


async def close_pool(pool: PgPool) -> None:
    """Close a pool; what is still busy is ended after a moment."""
    try:
        async with asyncio.timeout(2):
            await pool.close()
    except TimeoutError:
        pool.terminate()
