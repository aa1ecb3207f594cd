"""Connections of a pool: reads that outlast a lost one, and one that is kept over many calls."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any, Final

import asyncpg
from asyncpg import Record

from shared.errors import Unavailable
from shared.postgres import DRIVER_ERRORS, is_away
from shared.store.model import PgConnection, PgPool

_TIMEOUT_S: Final = 5.0
_PAUSE_S: Final = 0.1


async def fetch(pool: PgPool, sql: str, *arguments: Any) -> Sequence[Record]:
    """Return the rows of a query that may safely run twice; asks again when the connection is lost.

    Raises Unavailable if Postgres has not answered in 5 s.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _TIMEOUT_S
    while True:
        left_s = deadline - loop.time()
        try:
            async with pool.acquire(timeout=left_s) as connection:
                return await connection.fetch(sql, *arguments, timeout=left_s)
        except DRIVER_ERRORS as error:
            if not is_away(error):
                raise
            if loop.time() + _PAUSE_S >= deadline:
                raise Unavailable(f"postgres has not answered in {_TIMEOUT_S} s") from error
        await asyncio.sleep(_PAUSE_S)


class HeldConnection:
    """One connection of a pool, taken at first use and replaced when it is lost."""

    def __init__(self, pool: PgPool) -> None:
        self._pool = pool
        self._connection: PgConnection | None = None

    async def get(self, *, timeout_s: float) -> PgConnection:
        """Return the connection; raise what asyncpg raises when there is none in time."""
        if self._connection is not None and _is_dead(self._connection):
            await self.give_back()
        if self._connection is None:
            # The pool's own timeout: cancelled from outside, asyncpg may lose the connection.
            self._connection = await self._pool.acquire(timeout=timeout_s)
        return self._connection

    async def drop(self) -> None:
        """Throw the connection away: nobody knows what it is still busy with."""
        if self._connection is not None:
            with contextlib.suppress(asyncpg.InterfaceError):  # it died, and its pool took it back by itself
                self._connection.terminate()
            await self.give_back()

    async def give_back(self) -> None:
        """Return the connection to its pool."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            with contextlib.suppress(*DRIVER_ERRORS):
                await self._pool.release(connection, timeout=2)  # 2 s; a broken one is replaced by the pool


def _is_dead(connection: PgConnection) -> bool:
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:  # it died, and its pool took it back by itself
        return True
