"""Appends side by side, reads and replay, on the embedded Postgres with fsync on."""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import asyncpg
import uvloop

from shared.ids import new_id
from shared.messages import Event, Metadata
from shared.store.batch import APPEND, arguments, prepare
from shared.store.events import EventStore, EventTypes
from shared.store.model import Entry, Expected, NewEvent, PgPool, Recorded
from tests.servers import Database, start_postgres

ROUNDS = 5
SECONDS = 2.0  # a measurement
WRITERS = 64
CONNECTIONS = 8  # of those who commit alone: more gains nothing, as they wait for one lock
EVENTS_OF_A_STREAM = 10
ROWS = 256
MESSAGES = 50_000  # a round

Operation = Callable[[], Awaitable[int]]
"""Stores or reads something and returns how many events that were."""


class WorkspaceRenamed(Event):
    """An event of usual size."""

    type_name = "workspace.renamed"

    workspace_id: str
    label: str
    description: str


TYPES = EventTypes([WorkspaceRenamed])
METADATA = Metadata(
    message_id=uuid4(),
    correlation_id=uuid4(),
    causation_id=uuid4(),
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    subject=new_id(),
    kind="user",
    credential=new_id(),
    role="SYSTEM_ADMIN",
)


class Messages:
    """What the writers are asked for, made before the clock starts: it comes from elsewhere in the product too."""

    def __init__(self, count: int) -> None:
        self._made = [self._make() for _ in range(count)]

    def next(self) -> tuple[Event, Metadata]:
        """Return the next event to append and its metadata."""
        return self._made.pop() if self._made else self._make()

    @staticmethod
    def _make() -> tuple[Event, Metadata]:
        event = WorkspaceRenamed(workspace_id=new_id(), label="Data", description="Pipelines of the team")
        return event, METADATA.model_copy(update={"message_id": uuid4()})


@dataclass
class Stream:
    """What a writer writes to: ten events, then another stream."""

    messages: Messages
    expected: Expected = field(default_factory=lambda: Expected(f"workspace-{new_id()}"))

    def entry(self) -> Entry:
        """Return an entry of one event, as a command leaves it."""
        event, metadata = self.messages.next()
        return Entry((self.expected,), (NewEvent(self.expected.stream, event),), metadata)

    def moved(self, version: int, hash_: bytes) -> None:
        """Go on behind an event that was stored."""
        full = version >= EVENTS_OF_A_STREAM
        self.expected = Expected(f"workspace-{new_id()}") if full else Expected(self.expected.stream, version, hash_)


def one_a_transaction(pool: PgPool, messages: Messages) -> Operation:
    """Return an operation that appends one event in a transaction of its own, by the same function."""
    stream = Stream(messages)

    async def append() -> int:
        prepared = prepare(stream.entry(), types=TYPES, keys={}, claim_value=lambda claim: claim.value)
        async with pool.acquire() as connection:
            await connection.fetchrow(APPEND, *arguments([prepared]))
        stream.moved(stream.expected.version + 1, prepared.lines[0].hash)
        return 1

    return append


def grouped(store: EventStore, messages: Messages) -> Operation:
    """Return an operation that appends one event through the store."""
    stream = Stream(messages)

    async def append() -> int:
        appended = await store.append(stream.entry(), timeout_s=30)
        stream.moved(appended.events[0].version, appended.events[0].hash)
        return 1

    return append


def raw_insert(
    connection: asyncpg.Connection, rows: Sequence[Recorded], data: Sequence[str], *, first: int
) -> Operation:
    """Return an operation that inserts 256 rows into a table with the same columns and indexes: no lock, no check."""
    streams, hashes = [f"{each.stream}-raw" for each in rows], [each.hash for each in rows]
    types, metadata = [each.type_name for each in rows], [each.metadata_text for each in rows]
    times, ones = [each.recorded_at for each in rows], [1] * len(rows)
    event_ids = [[uuid4() for _ in rows] for _ in range(MESSAGES // ROWS)]
    position = first

    async def insert() -> int:
        nonlocal position
        positions = list(range(position, position + ROWS))
        position += ROWS
        ids = event_ids.pop() if event_ids else [uuid4() for _ in rows]
        await connection.execute(
            """insert into raw select * from unnest($1::bigint[], $2::text[], $3::bigint[], $4::uuid[], $5::text[],
            $6::integer[], $7::text[], $8::text[], $9::bytea[], $10::timestamptz[])""",
            positions, streams, positions, ids, types, ones, data, metadata, hashes, times,
        )  # fmt: skip
        return ROWS

    return insert


async def measure(*operations: Operation) -> tuple[float, list[float]]:
    """Repeat each operation, all of them at once, and return the events a second and every delay in s."""
    delays: list[float] = []
    start = time.perf_counter()

    async def repeat(operation: Operation) -> int:
        events = 0
        while (begun := time.perf_counter()) < start + SECONDS:
            events += await operation()
            delays.append(time.perf_counter() - begun)
        return events

    events = sum(await asyncio.gather(*map(repeat, operations)))
    return events / (time.perf_counter() - start), delays


async def appends(store: EventStore, pool: PgPool, connection: asyncpg.Connection) -> None:
    """Measure the three ways in turn, several times, so that a busy moment of the machine spoils all alike."""
    messages = Messages(ROWS)
    await asyncio.gather(*(store.append(Stream(messages).entry()) for _ in range(ROWS)))
    rows = await store.read_all(after=0, limit=ROWS)
    data = [row[0] for row in await connection.fetch("select data from events order by position limit $1", ROWS)]
    await connection.execute("create table raw (like events including all)")
    rates: dict[str, list[float]] = {"one": [], "grouped": [], "raw": []}
    delays: list[float] = []
    for n in range(ROUNDS):
        messages = Messages(MESSAGES)
        rates["one"].append((await measure(*(one_a_transaction(pool, messages) for _ in range(CONNECTIONS))))[0])
        rate, each = await measure(*(grouped(store, messages) for _ in range(WRITERS)))
        rates["grouped"].append(rate)
        delays += each
        insert = raw_insert(connection, rows, data, first=n * 1_000_000)
        rates["raw"].append((await measure(insert))[0])
    _report(rates, sorted(delays))


def _report(rates: dict[str, list[float]], delays: list[float]) -> None:
    one, together, raw = (statistics.median(rates[name]) for name in ("one", "grouped", "raw"))
    over_one = statistics.median(b / a for a, b in zip(rates["one"], rates["grouped"], strict=True))
    of_raw = statistics.median(b / c for b, c in zip(rates["grouped"], rates["raw"], strict=True))
    p50, p99 = delays[len(delays) // 2] * 1000, delays[len(delays) * 99 // 100] * 1000
    lines = {
        f"one event a transaction, {CONNECTIONS} connections": f"{one:8.0f} events/s",
        f"EventStore.append, {WRITERS} writers": f"{together:8.0f} events/s   p50 {p50:.1f} ms  p99 {p99:.1f} ms",
        f"raw insert of {ROWS} rows": f"{raw:8.0f} events/s",
    }
    for name, value in lines.items():
        print(f"{name:42}{value}")
    print(
        f"append is {over_one:.1f} x the first (aim 8), {of_raw:.0%} of the last (aim 40 %); medians of {ROUNDS} rounds"
    )


async def reads(store: EventStore) -> None:
    """Measure reading everything by position, decoded, as a follower does."""
    position, events, start = 0, 0, time.perf_counter()
    while found := await store.read_all(after=position, limit=500):
        position, events = found[-1].position, events + len(found)
    rate = events / (time.perf_counter() - start)
    print(f"{'read_all, decoded, 500 at once':42}{rate:8.0f} events/s, of {events}")


async def run(database: Database) -> None:
    """Measure everything on one database."""
    connection = await asyncpg.connect(database.owner_dsn)
    async with asyncpg.create_pool(database.app_dsn, min_size=CONNECTIONS, max_size=CONNECTIONS + 2) as pool:
        store = EventStore(pool, TYPES)
        version, fsync = connection.get_server_version(), await connection.fetchval("show fsync")
        cores, load = os.cpu_count(), os.getloadavg()[0]
        print(f"Event store on Postgres {version.major}.{version.minor}, fsync {fsync}; {cores} cores shared with this")
        print(f"program (uvloop); {SECONDS:.0f} s a measurement; load of the machine before: {load:.1f}")
        await appends(store, pool, connection)
        await reads(store)
        await store.close()
    await connection.close()


async def _prepared(folder: Path) -> None:
    postgres = start_postgres(folder / "postgres")
    try:
        await run(await postgres.new_database("kernel"))
    finally:
        postgres.child.stop()


def main() -> None:
    """Start a Postgres of its own and print what was measured."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o711)
        uvloop.run(_prepared(folder))


if __name__ == "__main__":
    main()
