"""One batch of one follower in one transaction: rows, checkpoint, and parking what cannot be applied."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias, TypeVar

from shared.followers.failures import describe, passes
from shared.followers.status import FollowerKind
from shared.store.model import PgConnection, Recorded

log = logging.getLogger(__name__)

READ: Final = "read"
"""The schema of the read models."""


class Placed(Protocol):
    """What has a stream and a position: our events and those of other services."""

    @property
    def position(self) -> int: ...

    @property
    def stream(self) -> str: ...


P = TypeVar("P", bound=Placed)
Apply: TypeAlias = Callable[[PgConnection, Sequence[Recorded]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An event that is stored and cannot be decoded."""

    position: int
    stream: str
    error: Exception


Item: TypeAlias = Recorded | Unreadable


@dataclass(frozen=True, slots=True)
class Follower:
    """Something that applies events; `schema` is where its tables are meant to be."""

    name: str
    kind: FollowerKind
    apply: Apply
    schema: str = READ


@dataclass(frozen=True, slots=True)
class Place:
    """Where a follower stands, and which streams are parked for it."""

    position: int
    parked: frozenset[str] = frozenset()


class Elsewhere(Exception):
    """No error, but the batch is given up: another replica is at this follower, or has moved it to `position`."""

    def __init__(self, position: int | None) -> None:
        super().__init__(f"the follower is at {position}")
        self.position = position


class Culprit(Exception):
    """A failure that does not pass by itself: the batch is applied one by one, or its one event parked."""

    def __init__(self, failure: Exception) -> None:
        super().__init__(type(failure).__name__)
        self.failure = failure


async def open_batch(connection: PgConnection, follower: Follower) -> Place:
    """Take the follower in the caller's transaction and return where it stands; raise Elsewhere if it is taken."""
    row = await connection.fetchrow("select seen, parked from begin_batch($1, $2)", follower.name, follower.schema)
    if row is None:
        raise Elsewhere(None)
    return Place(row["seen"], frozenset(row["parked"]))


async def take_batch(
    connection: PgConnection, follower: Follower, items: Sequence[Item], *, seen: int, carefully: bool
) -> Place:
    """Apply `items`, which come right behind `seen`, and move the checkpoint, in the caller's transaction.

    Not `carefully`: all at once; raises Culprit where that fails by the events' own fault. `carefully`: one by one,
    each behind a savepoint; what fails is parked. Raises Elsewhere when another replica was first.
    """
    place = await open_batch(connection, follower)
    if place.position != seen:
        raise Elsewhere(place.position)
    if carefully:
        place = await _one_by_one(connection, follower, items, place)
    else:
        await _together(connection, follower, [item for item in items if item.stream not in place.parked])
    await _move(connection, follower.name, seen=seen, to=items[-1].position)
    return Place(items[-1].position, place.parked)


async def _together(connection: PgConnection, follower: Follower, items: Sequence[Item]) -> None:
    events: list[Recorded] = []
    for item in items:
        if isinstance(item, Unreadable):
            raise Culprit(item.error)
        events.append(item)
    if not events:
        return
    try:
        await follower.apply(connection, events)
    except Exception as error:
        if passes(error):
            raise
        raise Culprit(error) from error


async def _one_by_one(connection: PgConnection, follower: Follower, items: Sequence[Item], place: Place) -> Place:
    parked = set(place.parked)
    for item in items:
        if item.stream in parked:
            continue
        error = await _try(connection, follower, item)
        if error is not None:
            await park(connection, follower.name, item, error)
            parked.add(item.stream)
    return Place(place.position, frozenset(parked))


async def _try(connection: PgConnection, follower: Follower, item: Item) -> Exception | None:
    if isinstance(item, Unreadable):
        return item.error
    event = item

    async def apply() -> None:
        await follower.apply(connection, [event])

    return await attempt(connection, apply)


async def attempt(connection: PgConnection, work: Callable[[], Awaitable[None]]) -> Exception | None:
    """Run `work` behind a savepoint; return what it failed by after it was undone, but raise what passes by itself."""
    try:
        async with connection.transaction():
            await work()
    except Exception as error:
        if passes(error):
            raise
        return error
    return None


async def park(connection: PgConnection, follower: str, item: Placed, error: Exception) -> None:
    """Set the item's stream aside for this follower, from this item on, until a person has it replayed."""
    await connection.execute(
        "insert into public.parked_streams (follower, stream, position, error) values ($1, $2, $3, $4)"
        " on conflict (follower, stream) do update set position = excluded.position, error = excluded.error",
        follower,
        item.stream,
        item.position,
        describe(error),
    )
    told = {"follower": follower, "stream": item.stream, "position": item.position}
    log.error("stream parked", exc_info=error, extra=told)


async def _move(connection: PgConnection, name: str, *, seen: int, to: int) -> None:
    moved = await connection.fetchval(
        "update public.checkpoints set position = $1 where name = $2 and position = $3 returning true", to, name, seen
    )
    if not moved:
        raise Elsewhere(None)
