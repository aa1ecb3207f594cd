"""A place in a service's work where Postgres holds it: a statement that writes a certain row waits to be let go."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

HELD_S = 60.0  # on a busy machine a killed service may take half of it to start
_KEY = 20_261_128  # of the advisory lock; databases do not share it

_HOLD = f"""
create or replace function public.held_by_a_test() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock_shared({_KEY});
    return new;
end $$;
create trigger held_by_a_test before insert or update on %s for each row when (%s)
execute function public.held_by_a_test();
"""
_WAITING = f"""
select a.pid, a.state from pg_locks l join pg_stat_activity a using (pid)
where l.locktype = 'advisory' and not l.granted and l.objid = {_KEY} and a.datname = current_database()
"""
_UNLOCK = "select pg_advisory_unlock_all()"


@dataclass
class Hold:
    """Statements that write a row of one kind wait, until `let_go` or `cancel`."""

    connection: asyncpg.Connection
    waiting: int = 0
    """The server process of the statement that waits."""

    async def reached(self) -> None:
        """Return once a statement waits here."""
        async with asyncio.timeout(HELD_S):
            while not (found := await self.connection.fetch(_WAITING)):
                await asyncio.sleep(0.005)
        self.waiting = found[0]["pid"]

    async def let_go(self) -> None:
        """Let it be written, and return when it is committed, though the service may not have heard of it."""
        await self.connection.execute(_UNLOCK)
        async with asyncio.timeout(HELD_S):
            while (state := await self._state()) == "active":
                await asyncio.sleep(0.005)
        assert state == "idle", f"the statement did not commit by itself: {state}"

    async def cancel(self) -> None:
        """Have it never written: its session ends, as at the end of its service or of the connection to it."""
        await self.connection.fetchval("select pg_terminate_backend($1)", self.waiting)
        async with asyncio.timeout(HELD_S):
            while await self._state() is not None:
                await asyncio.sleep(0.005)
        await self.connection.execute(_UNLOCK)

    async def _state(self) -> str | None:
        state: str | None = await self.connection.fetchval(
            "select state from pg_stat_activity where pid = $1", self.waiting
        )
        return state


@asynccontextmanager
async def hold(connection: asyncpg.Connection, table: str, row: str) -> AsyncGenerator[Hold]:
    """Hold whatever writes a row of `table` for which the SQL condition `row` on `new` is true, during the block."""
    await connection.execute(f"select pg_advisory_lock({_KEY})")
    await connection.execute(_HOLD % (table, row))
    try:
        yield Hold(connection)
    finally:
        await connection.execute(_UNLOCK)
        await connection.execute(f"drop trigger held_by_a_test on {table}")
