"""Replays a parked stream: its backlog in order, then it is a stream like any other again."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from shared.errors import NotFound
from shared.followers.batch import Follower, P, attempt, open_batch, park
from shared.store.events import EventStore
from shared.store.model import PgConnection, PgPool, Recorded

log = logging.getLogger(__name__)

_HOLD_MS: Final = 5000
_PARKED: Final = "select position from public.parked_streams where follower = $1 and stream = $2 for update"


async def replay(follower: Follower, stream: str, *, store: EventStore, pool: PgPool) -> bool:
    """Apply the backlog of `stream` up to where the follower stands and unpark it; False where it failed again.

    What could be applied stays applied; the stream is then parked at the event that failed. Raises NotFound where it is
    not parked, and what reading raises where an event cannot be decoded.
    """
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("select hold_follower($1, $2)", follower.name, _HOLD_MS)
        place = await open_batch(connection, follower)
        first = await parked_at(connection, follower.name, stream)
        history = await store.read_stream(stream)
        backlog = [recorded for recorded in history if first <= recorded.position <= place.position]

        async def apply(events: Sequence[Recorded]) -> None:
            await follower.apply(connection, events)

        return await apply_backlog(connection, follower.name, stream, backlog, apply)


async def parked_at(connection: PgConnection, follower: str, stream: str) -> int:
    """Return the position of the first event that waits; raise NotFound where the stream is not parked."""
    first = await connection.fetchval(_PARKED, follower, stream)
    if first is None:
        raise NotFound(f"stream {stream} is not parked for {follower}")
    return int(first)


async def apply_backlog(
    connection: PgConnection,
    follower: str,
    stream: str,
    backlog: Sequence[P],
    apply: Callable[[Sequence[P]], Awaitable[None]],
) -> bool:
    """Apply `backlog` in the caller's transaction, one by one, and unpark; where one fails, park at that one."""
    for item in backlog:

        async def one(item: P = item) -> None:
            await apply([item])

        error = await attempt(connection, one)
        if error is not None:
            await park(connection, follower, item, error)
            return False
    await connection.execute("delete from public.parked_streams where follower = $1 and stream = $2", follower, stream)
    log.info("stream replayed", extra={"follower": follower, "stream": stream, "events": len(backlog)})
    return True
