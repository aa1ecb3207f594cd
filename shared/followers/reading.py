"""Reads the next events for a follower, a batch ahead of it, and sets the one aside that cannot be decoded."""

import asyncio
from dataclasses import dataclass

from shared.followers.batch import Item, Unreadable
from shared.store.events import EventStore
from shared.store.model import Undecodable


async def read_items(store: EventStore, *, after: int, limit: int) -> list[Item]:
    """Return the next events with positions > `after`, at most `limit`; empty when there are none.

    An event that cannot be decoded comes alone, as Unreadable, after those before it were returned.
    """
    try:
        return list(await store.read_all(after=after, limit=limit))
    except Undecodable as error:
        before = error.position - after - 1  # positions have no gaps
        if before > 0:
            return list(await store.read_all(after=after, limit=before))
        return [Unreadable(error.position, error.stream, error)]


@dataclass(frozen=True, slots=True)
class _Ahead:
    after: int
    items: asyncio.Task[list[Item]]


class ReadAhead:
    """Reads one batch ahead while the last one is being applied, for as long as batches come full."""

    def __init__(self, store: EventStore, *, limit: int) -> None:
        self._store = store
        self._limit = limit
        self._ahead: _Ahead | None = None

    async def read(self, after: int) -> list[Item]:
        """Return the events behind `after`, as read_items() does."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None and ahead.after == after:
            items = await ahead.items
        else:
            items = await self._read(after)
        if len(items) == self._limit:
            last = items[-1].position
            task = asyncio.create_task(self._read(last))
            task.add_done_callback(_seen)
            self._ahead = _Ahead(last, task)
        return items

    async def _read(self, after: int) -> list[Item]:
        return await read_items(self._store, after=after, limit=self._limit)


def _seen(task: asyncio.Task[list[Item]]) -> None:
    # One that nobody asks for any more may fail in silence: the same is read again.
    if not task.cancelled():
        task.exception()
