"""All read models of identity behind one checkpoint."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.identity.projections.people import PeopleTables
from services.identity.projections.tables import SERVICE_ACCOUNTS, SESSIONS, WORKSPACES
from shared.store.model import PgConnection, Recorded

_PEOPLE: Final = PeopleTables()


@dataclass(frozen=True, slots=True)
class ReadModels:
    """Feeds every table in one transaction a batch.

    Rows refer to each other (a binding counts only while its workspace is there), so they move together; and one
    follower costs a quarter of what four do.
    """

    name: str = "identity"
    tables: tuple[str, ...] = (
        *_PEOPLE.tables,
        *WORKSPACES.tables,
        *SERVICE_ACCOUNTS.tables,
        *SESSIONS.tables,
    )

    async def apply(self, connection: PgConnection, events: Sequence[Recorded]) -> None:
        """Bring all tables up to `events`."""
        for part in (_PEOPLE, WORKSPACES, SERVICE_ACCOUNTS, SESSIONS):
            await part.apply(connection, events)
