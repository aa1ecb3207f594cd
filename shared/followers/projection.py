"""Projections: rows of the schema `read`, fed by events in the order of their positions."""

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

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
        raise NotImplementedError

    @property
    def name(self) -> str:
        """Return the name of the checkpoint."""
        raise NotImplementedError

    @property
    def tables(self) -> tuple[str, ...]:
        """Return the one table that is fed."""
        raise NotImplementedError

    def fold(self, history: Sequence[Recorded], *, onto: R | None = None) -> R | None:
        """Return the row that these events of one stream make, for handlers that answer with it."""
        raise NotImplementedError

    async def apply(self, connection: PgConnection, events: Sequence[Recorded]) -> None:
        """Fold `events` into their rows: one load, one delete and one insert for all of them."""
        raise NotImplementedError
