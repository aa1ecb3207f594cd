"""Events/s of a replay through a RowProjection, on the embedded Postgres with fsync on."""

import asyncio
import os
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import asyncpg
import uvloop

from shared.followers.followers import Followed, Followers
from shared.followers.projection import RowProjection
from shared.ids import new_id
from shared.messages import Event, Metadata, Row
from shared.postgres import open_pools
from shared.store.events import EventStore, EventTypes
from shared.store.model import Entry, Expected, NewEvent, Recorded
from tests.servers import Database, PostgresForTests, start_postgres

WORKSPACES = 10_000
EVENTS_OF_A_WORKSPACE = 8
WRITERS = 64
NOW = datetime(2026, 11, 1, tzinfo=UTC)
TABLE = """
create table read.workspaces (
    id text primary key, label text not null, description text not null, created_at timestamptz not null,
    updated_at timestamptz not null
);
create index workspaces_by_label on read.workspaces (label)"""


class WorkspaceCreated(Event):
    type_name = "workspace.created"

    label: str
    description: str
    created_at: datetime


class WorkspaceUpdated(Event):
    type_name = "workspace.updated"

    label: str | None = None
    description: str | None = None
    updated_at: datetime


class WorkspaceRow(Row):
    id: str
    label: str
    description: str
    created_at: datetime
    updated_at: datetime


TYPES = EventTypes([WorkspaceCreated, WorkspaceUpdated])


def evolve(row: WorkspaceRow | None, recorded: Recorded) -> WorkspaceRow | None:
    """Fold one event into the row, as a service does."""
    match recorded.event:
        case WorkspaceCreated() as event:
            return WorkspaceRow(
                id=recorded.stream.partition("-")[2],
                label=event.label,
                description=event.description,
                created_at=event.created_at,
                updated_at=event.created_at,
            )
        case WorkspaceUpdated() as event:
            return row and row.model_copy(
                update={
                    "label": event.label or row.label,
                    "description": event.description or row.description,
                    "updated_at": event.updated_at,
                }
            )
        case _:
            return row


PROJECTION = RowProjection(
    name="workspaces",
    stream_kind="workspace",
    table="workspaces",
    row=WorkspaceRow,
    evolve=evolve,
    load="select to_jsonb(w) from workspaces w where id = any($1::text[])",
    delete="delete from workspaces where id = any($1::text[])",
    insert="insert into workspaces select * from jsonb_populate_recordset(null::workspaces, $1::jsonb)",
)


async def fill(store: EventStore, *, interleaved: bool) -> int:
    """Write the histories of all workspaces and return the number of events.

    Not `interleaved`: in entries of 4 events, a workspace after the other. `interleaved`: round by round, so that
    every event of a batch is of another stream, which is the hard case.
    """
    heads = [Expected(f"workspace-{new_id()}") for _ in range(WORKSPACES)]
    rounds = [[[n]] for n in range(EVENTS_OF_A_WORKSPACE)] if interleaved else [[[0, 1, 2, 3], [4, 5, 6, 7]]]
    queue = iter([(each, entries) for entries in rounds for each in range(WORKSPACES)])

    async def write() -> None:
        for each, entries in queue:
            for entry in entries:
                events = tuple(NewEvent(heads[each].stream, _event(n)) for n in entry)
                last = (await store.append(Entry((heads[each],), events, _metadata()), timeout_s=60)).events[-1]
                heads[each] = Expected(last.stream, last.version, last.hash)

    await asyncio.gather(*(write() for _ in range(WRITERS)))
    return (await store.head()).position


def _event(n: int) -> Event:
    if n == 0:
        return WorkspaceCreated(label="label", description="A workspace of the benchmark", created_at=NOW)
    return WorkspaceUpdated(label=f"label {n}", updated_at=NOW)


def _metadata() -> Metadata:
    own = uuid4()
    return Metadata(message_id=own, correlation_id=own, causation_id=own, subject="ckuser", kind="user", role="ADMIN")


async def measure(database: Database, *, interleaved: bool) -> None:
    """Fill a store, then replay it twice: by a follower that begins at position 0, and by a rebuild."""
    pools = await open_pools(database.app_dsn, service="bench")
    store = EventStore(pools.commands, TYPES, readers=pools.followers)
    followers = Followers(
        "bench", store=store, pool=pools.followers, bus=None, followed=Followed(projections=(PROJECTION,))
    )
    case = "interleaved" if interleaved else "one after the other"
    try:
        head = await fill(store, interleaved=interleaved)
        start = time.perf_counter()
        await followers.start()
        if not await followers.wait_for(position=head, timeout_s=600):
            raise RuntimeError("the projection has not caught up")
        _print(f"follower from 0, streams {case}", head, time.perf_counter() - start)
        start = time.perf_counter()
        await followers.rebuild("workspaces")
        _print(f"rebuild and swap, streams {case}", head, time.perf_counter() - start)
    finally:
        await followers.stop()
        await store.close()
        await pools.close()


def _print(name: str, events: int, seconds: float) -> None:
    print(f"{name:50} {events / seconds:8.0f} events/s (aim 20000)")


async def _prepare(database: Database) -> None:
    connection = await asyncpg.connect(database.owner_dsn)
    try:
        await connection.execute(TABLE)
    finally:
        await connection.close()


async def run(postgres: PostgresForTests) -> None:
    """Measure both cases, a database each."""
    print(
        f"Replay: {WORKSPACES} streams of {EVENTS_OF_A_WORKSPACE} events; {os.cpu_count()} cores, shared with Postgres;"
    )
    print(f"load of the machine before: {os.getloadavg()[0]:.1f}")
    for interleaved in (False, True):
        database = await postgres.new_database("kernel")
        await _prepare(database)
        await measure(database, interleaved=interleaved)


def main() -> None:
    """Measure on a Postgres of our own."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)  # the server's account passes through
        postgres = start_postgres(Path(folder) / "postgres")
        try:
            uvloop.run(run(postgres))
        finally:
            postgres.child.stop()


if __name__ == "__main__":
    main()
