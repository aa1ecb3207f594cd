"""The event store of a service: the only way in which events are read and written."""

from collections.abc import Callable
from uuid import UUID

from shared.store.codec import EventTypes
from shared.store.model import Appended, Entry, Head, PgPool, Receipt, Recorded
from shared.store.personal import PersonalKeys

__all__ = ["EventStore", "EventTypes"]


class EventStore:
    """Reads streams and appends entries; one instance a process."""

    def __init__(
        self, pool: PgPool, types: EventTypes, keys: PersonalKeys | None = None, *, readers: PgPool | None = None
    ) -> None:
        """`readers`: the pool that serves `read_all`, so that followers never take a command's connection."""
        raise NotImplementedError

    async def read_stream(self, stream: str, *, after: int = 0) -> list[Recorded]:
        """Return the events of `stream` with a version > `after`, by version; empty when there are none.

        Raises Unavailable if Postgres has not answered in 5 s.
        """
        raise NotImplementedError

    async def read_all(self, *, after: int, limit: int) -> list[Recorded]:
        """Return the next events of this service in the order of their positions.

        Shape: at most `limit` events, each position > `after`, rising; empty when caught up.
        Raises Unavailable if Postgres has not answered in 5 s.
        Source: the order is kept by append_events() in 0001_events.sql.
        """
        raise NotImplementedError

    async def append(self, entry: Entry, *, timeout_s: float = 5.0) -> Appended:
        """Commit `entry`, all or nothing, in a group with what arrives at the same time.

        Raises WrongExpectedVersion when a stream has moved or a source mark was not where it was seen, ClaimTaken,
        Invalid when the command id was used with another digest or a text cannot be stored, Unavailable when nothing
        was stored and OutcomeUnknown when that cannot be told.
        """
        raise NotImplementedError

    async def find_receipt(self, command_id: UUID) -> Receipt | None:
        """Return the receipt of a command, with its position, or None; receipts are kept for 7 days."""
        raise NotImplementedError

    async def claim_holder(self, kind: str, value: str, *, personal: bool = False) -> str | None:
        """Return the stream that holds a claim, or None."""
        raise NotImplementedError

    async def head(self) -> Head:
        """Return the end of the store."""
        raise NotImplementedError

    async def purge_receipts(self) -> int:
        """Delete the receipts that are older than 7 days and return how many; to be run daily or oftener."""
        raise NotImplementedError

    def on_commit(self, wake: Callable[[int], None]) -> None:
        """Have `wake` called with the new last position after each commit of this process."""
        raise NotImplementedError

    async def close(self) -> None:
        """Finish what is being appended and give the connection back; call it before the pool is closed."""
        raise NotImplementedError
