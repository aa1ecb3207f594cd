"""Reads the next events for a follower, and sets the one aside that cannot be decoded."""

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
