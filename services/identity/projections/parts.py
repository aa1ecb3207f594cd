"""Tables of which a thing has several rows: bindings, invitations, members."""

import json
from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from shared.messages import Event, Row
from shared.store.model import PgConnection

R = TypeVar("R", bound=Row)
E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Parts(Generic[R, E]):
    """A table of which a person or a team has several rows, each named by an id.

    `change` brings rows up to an event, `named` are the rows it is about, `ended` is whose rows all go with it.
    `load` takes the ids that events name, `delete` also those who ended.
    """

    row: type[R]
    change: Callable[[MutableMapping[str, R], E], None]
    named: Callable[[E], Sequence[str]]
    ended: Callable[[E], str | None]
    load: str
    delete: str
    insert: str

    async def apply(self, connection: PgConnection, events: Sequence[E]) -> None:
        """Bring the rows up to `events`: one load, one delete and one insert for all of them."""
        ids = sorted({name for event in events for name in self.named(event)})
        gone = sorted({owner for event in events if (owner := self.ended(event)) is not None})
        if not ids and not gone:
            return
        rows = {str(row["id"]): self._read(row["row"]) for row in await connection.fetch(self.load, ids)}
        for event in events:
            self.change(rows, event)
        await connection.execute(self.delete, ids, gone)
        if rows:
            written = [row.model_dump(mode="json") for _, row in sorted(rows.items())]
            await connection.execute(self.insert, json.dumps(written))

    def _read(self, text: str) -> R:
        return self.row.model_validate_json(text)


def drop(rows: MutableMapping[str, Any], ids: Sequence[str]) -> None:
    """Take out the rows with these ids, as far as they are there."""
    for gone in ids:
        rows.pop(gone, None)
