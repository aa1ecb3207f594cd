"""A small domain: counters are opened, raised and closed; what a service of counters would bring."""

from collections.abc import Sequence
from typing import ClassVar, Final
from uuid import uuid4

from shared.followers.policy import Job
from shared.followers.projection import RowProjection
from shared.messages import Event, Metadata, Row
from shared.store.events import EventStore, EventTypes
from shared.store.model import Appended, Entry, Expected, NewEvent, PgConnection, Recorded

TOO_MUCH: Final = 1_000_000
"""A row of more than this breaks a constraint of its table."""

TABLES: Final = """
create table read.counters (id text primary key, label text not null, total bigint not null check (total < 1000000));
create index counters_by_label on read.counters (label);
create table read.applied (n bigint generated always as identity, position bigint not null, stream text not null);
create table taken (
    n bigint generated always as identity, position bigint not null, raised bigint not null check (raised <= 1000)
);
grant select, insert, update, delete on taken to public;
"""


class CounterOpened(Event):
    type_name: ClassVar[str] = "counter.opened"

    label: str


class CounterRaised(Event):
    type_name: ClassVar[str] = "counter.raised"

    by: int


class CounterClosed(Event):
    type_name: ClassVar[str] = "counter.closed"


class CounterSpoken(Event):
    """An event that some programs do not know."""

    type_name: ClassVar[str] = "counter.spoken"


TYPES: Final = EventTypes([CounterOpened, CounterRaised, CounterClosed])
NEWER_TYPES: Final = EventTypes([CounterOpened, CounterRaised, CounterClosed, CounterSpoken])


class CounterRow(Row):
    id: str
    label: str
    total: int


def evolve(row: CounterRow | None, recorded: Recorded) -> CounterRow | None:
    match recorded.event:
        case CounterOpened(label=label):
            return CounterRow(id=recorded.stream.partition("-")[2], label=label, total=0)
        case CounterRaised(by=by):
            return row and row.model_copy(update={"total": row.total + by})
        case CounterClosed():
            return None
        case _:
            return row


def counters() -> RowProjection[CounterRow]:
    return RowProjection(
        name="counters",
        stream_kind="counter",
        table="counters",
        row=CounterRow,
        evolve=evolve,
        load="select to_jsonb(c) from counters c where id = any($1::text[])",
        delete="delete from counters where id = any($1::text[])",
        insert="insert into counters select * from jsonb_populate_recordset(null::counters, $1::jsonb)",
    )


class Applied:
    """A projection that writes down each event it is given, so that a repeat or a hole shows."""

    name = "applied"
    tables = ("applied",)

    async def apply(self, connection: PgConnection, events: Sequence[Recorded]) -> None:
        await connection.execute(
            "insert into applied (position, stream) select * from unnest($1::bigint[], $2::text[])",
            [each.position for each in events],
            [each.stream for each in events],
        )


class AppliedAtGate(Applied):
    """The same, but it stops at an advisory lock first, where a test can hold it up."""

    GATE: Final = 815

    async def apply(self, connection: PgConnection, events: Sequence[Recorded]) -> None:
        await super().apply(connection, events)
        await connection.execute("select pg_advisory_xact_lock_shared($1)", self.GATE)


class TellRaises:
    """A policy: each raise is told."""

    name = "tell-raises"

    def jobs(self, recorded: Recorded) -> Sequence[Job]:
        if not isinstance(recorded.event, CounterRaised):
            return ()
        return (Job(kind="tell", key=f"{recorded.stream}/{recorded.version}", payload=f'{{"by":{recorded.event.by}}}'),)


def metadata() -> Metadata:
    own = uuid4()
    return Metadata(message_id=own, correlation_id=own, causation_id=own, subject="ann", kind="user", credential="s1")


def stream(name: str) -> str:
    return f"counter-{name}"


async def open_counter(store: EventStore, name: str, *raises: int) -> Appended:
    events = [CounterOpened(label=name), *(CounterRaised(by=by) for by in raises)]
    return await append(store, name, *events, new=True)


async def append(store: EventStore, name: str, *events: Event, new: bool = False) -> Appended:
    """Append to the counter, whatever its version."""
    history = [] if new else await store.read_stream(stream(name))
    head = Expected(stream(name), len(history), history[-1].hash) if history else Expected(stream(name))
    fresh = tuple(NewEvent(stream(name), event) for event in events)
    return await store.append(Entry(expected=(head,), events=fresh, metadata=metadata()))


def folded(history: Sequence[Recorded]) -> dict[str, CounterRow]:
    """Return the rows that all events make, folded the plain way."""
    rows: dict[str, CounterRow | None] = {}
    for recorded in history:
        rows[recorded.stream] = evolve(rows.get(recorded.stream), recorded)
    return {row.id: row for row in rows.values() if row is not None}
