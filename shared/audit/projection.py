"""The read model `audit`: one row an event, with who caused it and the workspace that it concerns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shared.audit.concerns import Concern, ConcernOf
from shared.sqlfile import load_queries
from shared.store.model import PgConnection, Recorded

QUERIES: Final[Mapping[str, str]] = load_queries(Path(__file__).parent.parent / "sql" / "audit.sql")
"""The named queries of the audit."""

AUDIT: Final = "audit"
"""The name of the projection, in every service."""

_COLUMNS: Final = (
    "position",
    "id",
    "time",
    "action",
    "stream",
    "subject",
    "kind",
    "credential",
    "role",
    "target_kind",
    "target_id",
    "workspace_id",
    "part",
    "message_id",
    "correlation_id",
    "origin_seal",
)


@dataclass(frozen=True, slots=True)
class AuditProjection:
    """Feeds the table `audit`; `concern_of` is the service's own."""

    concern_of: ConcernOf
    name: str = AUDIT
    tables: tuple[str, ...] = ("audit",)

    async def apply(self, connection: PgConnection, events: Sequence[Recorded]) -> None:
        """Write a row for each of `events`; parts of workspaces are looked up in the rows before them, all at once."""
        concerns = [self.concern_of(recorded) for recorded in events]
        wanted = {id_ for concern in concerns for id_ in (concern.part, concern.inside) if id_}
        homes: dict[str, str] = {}
        if wanted:
            found = await connection.fetch(QUERIES["workspaces_of_parts"], sorted(wanted))
            homes = {row["part"]: row["workspace_id"] for row in found}
        rows: list[tuple[object, ...]] = []
        for recorded, concern in zip(events, concerns, strict=True):
            workspace_id = concern.workspace_id or homes.get(concern.inside) or homes.get(concern.part, "")
            if concern.part and workspace_id:
                homes[concern.part] = workspace_id
            rows.append(_row(recorded, concern, workspace_id))
        await connection.copy_records_to_table("audit", records=rows, columns=_COLUMNS)


def _row(recorded: Recorded, concern: Concern, workspace_id: str) -> tuple[object, ...]:
    who = recorded.metadata
    return (
        recorded.position,
        recorded.event_id,
        recorded.recorded_at,
        recorded.type_name,
        recorded.stream,
        who.subject,
        who.kind,
        who.credential,
        who.role,
        concern.target_kind,
        concern.target_id,
        workspace_id,
        concern.part,
        who.message_id,
        who.correlation_id,
        who.origin_seal,
    )
