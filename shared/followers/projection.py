"""Projections: rows of the schema `read`, fed by events in the order of their positions."""

from collections.abc import Callable, Sequence
from types import GenericAlias
from typing import Any, Generic, Protocol, TypeVar

from pydantic import TypeAdapter

from shared.messages import Row
from shared.store.model import PgConnection, Recorded

R = TypeVar("R", bound=Row)


class Projection(Protocol):
    """Feeds `tables` of the schema `read`; SQL names them without a schema, so that a rebuild can fill others.

    `name` is the name of the checkpoint. `apply` is deterministic: no clock, no random, no network, no other tables; it
    gets the events of any streams in the order of their positions and writes through the connection it is given.
    """

    @property
    def name(self) -> str: ...

    @property
    def tables(self) -> tuple[str, ...]: ...

    async def apply(self, connection: PgConnection, events: Sequence[Recorded]) -> None: ...


class RowProjection(Generic[R]):
    """The usual projection: one row a stream of one kind, folded by a pure function."""

    def __init__(
        self,
        *,
        name: str,
        stream_kind: str,
        table: str,
        row: type[R],
        evolve: Callable[[R | None, Recorded], R | None],
        load: str,
        delete: str,
        insert: str,
    ) -> None:
        """Take the fold and the static SQL texts.

        `row` has a field `id`: the part of the stream's name behind `<stream_kind>-`. `evolve` returns None where there
        is no row (any more). `load` selects one JSON object a row `where id = any($1::text[])`; `delete` deletes the
        same rows; `insert` is `insert into t select * from jsonb_populate_recordset(null::t, $1::jsonb)`.
        """
        if "id" not in row.model_fields:
            raise TypeError(f"{row.__name__} has no field id")
        self.name = name
        self.tables = (table,)
        self._prefix = f"{stream_kind}-"
        many: Any = GenericAlias(list, (row,))  # list[row], of a type that is known at run time only
        self._rows_type = TypeAdapter[list[R]](many)
        self._evolve = evolve
        self._load = load
        self._delete = delete
        self._insert = insert

    def fold(self, history: Sequence[Recorded], *, onto: R | None = None) -> R | None:
        """Return the row that these events of one stream make, for handlers that answer with it."""
        row = onto
        for recorded in history:
            row = self._evolve(row, recorded)
        return row

    async def apply(self, connection: PgConnection, events: Sequence[Recorded]) -> None:
        """Fold `events` into their rows: one load, one delete and one insert for all of them."""
        prefix = self._prefix
        mine = [(recorded.stream[len(prefix) :], recorded) for recorded in events if recorded.stream.startswith(prefix)]
        if not mine:
            return
        ids = list(dict.fromkeys(id_ for id_, _ in mine))
        before = await self._rows(connection, ids)
        after: dict[str, R | None] = dict(before)
        for id_, recorded in mine:
            after[id_] = self._evolve(after.get(id_), recorded)
        changed = [id_ for id_ in ids if after[id_] is not before.get(id_)]
        await self._write(connection, changed, before, after)

    async def _rows(self, connection: PgConnection, ids: Sequence[str]) -> dict[str, R]:
        found = await connection.fetch(self._load, ids)
        rows = self._rows_type.validate_json(f"[{','.join(record[0] for record in found)}]")
        return {_id_of(row): row for row in rows}

    async def _write(
        self, connection: PgConnection, changed: Sequence[str], before: dict[str, R], after: dict[str, R | None]
    ) -> None:
        stale = [id_ for id_ in changed if id_ in before]
        fresh = [row for id_ in changed if (row := after[id_]) is not None]
        if stale:
            await connection.execute(self._delete, stale)
        if fresh:
            await connection.execute(self._insert, self._rows_type.dump_json(fresh).decode())


def _id_of(row: Row) -> str:
    id_: str = row.__dict__["id"]
    return id_
