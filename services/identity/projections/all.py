"""All read models of identity behind one checkpoint."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.identity.projections.people import PeopleTables
from services.identity.projections.tables import DEPLOYMENTS, SERVICE_ACCOUNTS, SESSIONS, WORKSPACES
from services.identity.projections.teams import TeamTables
from shared.store.model import PgConnection, Recorded

_PEOPLE: Final = PeopleTables()
_TEAMS: Final = TeamTables()


@dataclass(frozen=True, slots=True)
class ReadModels:
    """Feeds every table in one transaction a batch.

    Rows refer to each other (a binding counts only while its workspace is there), so they move together; and one
    follower costs a quarter of what four do.
    """

    name: str = "identity"
    tables: tuple[str, ...] = (
        *_PEOPLE.tables,
        *_TEAMS.tables,
        "totals",
        *WORKSPACES.tables,
        *DEPLOYMENTS.tables,
        *SERVICE_ACCOUNTS.tables,
        *SESSIONS.tables,
    )

    async def apply(self, connection: PgConnection, events: Sequence[Recorded]) -> None:
        """Bring all tables up to `events`."""
        for part in (_PEOPLE, _TEAMS, WORKSPACES, DEPLOYMENTS, SERVICE_ACCOUNTS, SESSIONS):
            await part.apply(connection, events)
