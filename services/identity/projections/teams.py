"""The read model of teams: their rows, their members, their roles, and how many there are."""

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast

from services.identity.contract import (
    MembershipRow,
    TeamBindingRow,
    TeamCreated,
    TeamDeleted,
    TeamEvent,
    TeamId,
    TeamMemberRemoved,
    TeamMembersAdded,
    TeamRoleChanged,
    TeamRoleGranted,
    TeamRoleRevoked,
    TeamUpdated,
)
from services.identity.projections.parts import Parts, drop
from services.identity.sql import QUERIES
from shared.auth import PrincipalKind
from shared.followers.projection import RowProjection
from shared.messages import Row
from shared.store.model import PgConnection, Recorded

_STREAMS: Final = "team-"


class TeamRecord(Row):
    """A team without members and roles; `version` is that of its stream."""

    id: TeamId
    name: str
    description: str
    created_at: datetime
    created_by: str
    created_by_kind: str
    updated_at: datetime
    updated_by: str
    updated_by_kind: str
    version: int


def evolve_team(row: TeamRecord | None, recorded: Recorded) -> TeamRecord | None:
    """Return the team's row after the event; None once it is deleted."""
    event = cast("TeamEvent", recorded.event)  # the streams of this kind hold nothing else
    match event:
        case TeamCreated():
            return _created(event, recorded)
        case TeamUpdated():
            texts = {"name": event.name, "description": event.description}
            return row and _touched(row, recorded, event.updated_at).model_copy(update=texts)
        case TeamRoleGranted():
            return row and _touched(row, recorded, event.granted_at)
        case TeamRoleChanged():
            return row and _touched(row, recorded, event.changed_at)
        case TeamRoleRevoked():
            return row and _touched(row, recorded, event.revoked_at)
        case TeamMembersAdded() | TeamMemberRemoved():
            return row and row.model_copy(update={"version": recorded.version})
        case TeamDeleted():
            return None


def membership_id(team_id: str, user_id: str) -> str:
    """Return the id of a person's place in a team."""
    return f"{team_id}:{user_id}"


def change_team_bindings(bindings: MutableMapping[str, TeamBindingRow], event: TeamEvent) -> None:
    """Bring `bindings`, by their ids, up to the event."""
    match event:
        case TeamRoleGranted():
            bindings[event.binding_id] = TeamBindingRow(
                id=event.binding_id,
                team_id=event.team_id,
                role=event.role,
                entity=event.entity,
                created_at=event.granted_at,
                updated_at=event.granted_at,
            )
        case TeamRoleChanged():
            changed = {"role": event.role, "updated_at": event.changed_at}
            bindings[event.binding_id] = bindings[event.binding_id].model_copy(update=changed)
        case TeamRoleRevoked():
            bindings.pop(event.binding_id, None)
        case TeamDeleted():
            drop(bindings, [key for key, row in bindings.items() if row.team_id == event.team_id])
        case _:
            pass


def change_memberships(memberships: MutableMapping[str, MembershipRow], event: TeamEvent) -> None:
    """Bring `memberships`, by their ids, up to the event."""
    match event:
        case TeamMembersAdded():
            for user_id in event.user_ids:
                id_ = membership_id(event.team_id, user_id)
                memberships[id_] = MembershipRow(
                    id=id_, team_id=event.team_id, user_id=user_id, created_at=event.added_at
                )
        case TeamMemberRemoved():
            memberships.pop(membership_id(event.team_id, event.user_id), None)
        case TeamDeleted():
            drop(memberships, [key for key, row in memberships.items() if row.team_id == event.team_id])
        case _:
            pass


TEAMS: Final = RowProjection(
    name="teams",
    stream_kind="team",
    table="teams",
    row=TeamRecord,
    evolve=evolve_team,
    load=QUERIES["load_teams"],
    delete=QUERIES["delete_teams"],
    insert=QUERIES["insert_teams"],
)
"""Feeds the table of teams; as its neighbours, no follower of its own."""


def _named_bindings(event: TeamEvent) -> Sequence[str]:
    return [event.binding_id] if isinstance(event, TeamRoleGranted | TeamRoleChanged | TeamRoleRevoked) else []


def _named_memberships(event: TeamEvent) -> Sequence[str]:
    match event:
        case TeamMembersAdded():
            return [membership_id(event.team_id, user_id) for user_id in event.user_ids]
        case TeamMemberRemoved():
            return [membership_id(event.team_id, event.user_id)]
        case _:
            return []


def _deleted(event: TeamEvent) -> str | None:
    return event.team_id if isinstance(event, TeamDeleted) else None


BINDINGS: Final[Parts[TeamBindingRow, TeamEvent]] = Parts(
    row=TeamBindingRow,
    change=change_team_bindings,
    named=_named_bindings,
    ended=_deleted,
    load=QUERIES["load_team_bindings"],
    delete=QUERIES["delete_team_bindings"],
    insert=QUERIES["insert_team_bindings"],
)

MEMBERSHIPS: Final[Parts[MembershipRow, TeamEvent]] = Parts(
    row=MembershipRow,
    change=change_memberships,
    named=_named_memberships,
    ended=_deleted,
    load=QUERIES["load_team_members"],
    delete=QUERIES["delete_team_members"],
    insert=QUERIES["insert_team_members"],
)


@dataclass(frozen=True, slots=True)
class TeamTables:
    """Feeds teams, their members, their roles and their number from the streams of teams."""

    tables: tuple[str, ...] = ("teams", "team_members", "team_bindings")

    async def apply(self, connection: PgConnection, events: Sequence[Recorded]) -> None:
        """Bring the tables up to `events`."""
        own = [recorded for recorded in events if recorded.stream.startswith(_STREAMS)]
        facts = [cast("TeamEvent", recorded.event) for recorded in own]
        await TEAMS.apply(connection, own)
        await BINDINGS.apply(connection, facts)
        await MEMBERSHIPS.apply(connection, facts)
        more = sum(isinstance(fact, TeamCreated) - isinstance(fact, TeamDeleted) for fact in facts)
        if more:
            await connection.execute(QUERIES["count_more"], "teams", more)


def _created(event: TeamCreated, recorded: Recorded) -> TeamRecord:
    by = recorded.metadata
    return TeamRecord(
        id=event.team_id,
        name=event.name,
        description=event.description,
        created_at=event.created_at,
        created_by=by.subject,
        created_by_kind=by.kind,
        updated_at=event.created_at,
        updated_by=by.subject,
        updated_by_kind=by.kind,
        version=recorded.version,
    )


def _touched(row: TeamRecord, recorded: Recorded, at: datetime) -> TeamRecord:
    """Return the row as updated by who asked; what is cleared away by the service itself is nobody's update."""
    by = recorded.metadata
    changes: dict[str, object] = {"version": recorded.version}
    if by.kind != PrincipalKind.SERVICE:
        changes |= {"updated_at": at, "updated_by": by.subject, "updated_by_kind": by.kind}
    return row.model_copy(update=changes)
