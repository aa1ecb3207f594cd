"""The read model of people: their rows, their bindings and their open invitations."""

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from services.identity.contract import InvitationId, UserBindingRow, UserId
from services.identity.domain.events import (
    UserActivated,
    UserEmailConfirmed,
    UserEvent,
    UserInvitationWithdrawn,
    UserInvited,
    UserRemoved,
    UserRoleChanged,
    UserRoleGranted,
    UserRoleRevoked,
)
from services.identity.projections.parts import Parts, drop
from services.identity.projections.rows import UserRecord, evolve_user
from services.identity.sql import QUERIES
from shared.followers.projection import RowProjection
from shared.messages import Row
from shared.store.model import PgConnection, Recorded

_STREAMS: Final = "user-"


class InvitationRecord(Row):
    """An open invitation: whose, and to what."""

    id: InvitationId
    user_id: UserId
    scope: str


USERS: Final = RowProjection(
    name="users",
    stream_kind="user",
    table="users",
    row=UserRecord,
    evolve=evolve_user,
    load=QUERIES["load_users"],
    delete=QUERIES["delete_users"],
    insert=QUERIES["insert_users"],
)
"""Feeds the table of persons; as its neighbours, no follower of its own."""


def change_bindings(bindings: MutableMapping[str, UserBindingRow], event: UserEvent) -> None:
    """Bring `bindings`, by their ids, up to the event."""
    match event:
        case UserRoleGranted():
            bindings[event.binding_id] = UserBindingRow(
                id=event.binding_id,
                user_id=event.user_id,
                role=event.role,
                entity=event.entity,
                created_at=event.granted_at,
                updated_at=event.granted_at,
            )
        case UserRoleChanged():
            changed = {"role": event.role, "updated_at": event.changed_at}
            bindings[event.binding_id] = bindings[event.binding_id].model_copy(update=changed)
        case UserRoleRevoked():
            bindings.pop(event.binding_id, None)
        case UserRemoved():
            drop(bindings, [key for key, row in bindings.items() if row.user_id == event.user_id])
        case _:
            pass


def change_invitations(invitations: MutableMapping[str, InvitationRecord], event: UserEvent) -> None:
    """Bring the open `invitations`, by their ids, up to the event."""
    match event:
        case UserInvited():
            invitations[event.invitation_id] = InvitationRecord(
                id=event.invitation_id, user_id=event.user_id, scope=event.scope
            )
        case UserInvitationWithdrawn():
            invitations.pop(event.invitation_id, None)
        case UserActivated() | UserEmailConfirmed():
            drop(invitations, list(event.invitation_ids))
        case UserRemoved():
            drop(invitations, [key for key, row in invitations.items() if row.user_id == event.user_id])
        case _:
            pass


def _named_bindings(event: UserEvent) -> Sequence[str]:
    return [event.binding_id] if isinstance(event, UserRoleGranted | UserRoleChanged | UserRoleRevoked) else []


def _named_invitations(event: UserEvent) -> Sequence[str]:
    match event:
        case UserInvited() | UserInvitationWithdrawn():
            return [event.invitation_id]
        case UserActivated() | UserEmailConfirmed():
            return event.invitation_ids
        case _:
            return []


def _removed(event: UserEvent) -> str | None:
    return event.user_id if isinstance(event, UserRemoved) else None


BINDINGS: Final[Parts[UserBindingRow, UserEvent]] = Parts(
    row=UserBindingRow,
    change=change_bindings,
    named=_named_bindings,
    ended=_removed,
    load=QUERIES["load_bindings"],
    delete=QUERIES["delete_bindings"],
    insert=QUERIES["insert_bindings"],
)

INVITATIONS: Final[Parts[InvitationRecord, UserEvent]] = Parts(
    row=InvitationRecord,
    change=change_invitations,
    named=_named_invitations,
    ended=_removed,
    load=QUERIES["load_invitations"],
    delete=QUERIES["delete_invitations"],
    insert=QUERIES["insert_invitations"],
)


@dataclass(frozen=True, slots=True)
class PeopleTables:
    """Feeds persons, bindings and open invitations from the streams of people."""

    tables: tuple[str, ...] = ("users", "role_bindings", "invitations")

    async def apply(self, connection: PgConnection, events: Sequence[Recorded]) -> None:
        """Bring the tables up to `events`, and count the persons."""
        own = [recorded for recorded in events if recorded.stream.startswith(_STREAMS)]
        facts = [cast("UserEvent", recorded.event) for recorded in own]
        await USERS.apply(connection, own)
        more = sum((each.version == 1) - isinstance(each.event, UserRemoved) for each in own)
        if more:
            await connection.execute(QUERIES["count_more"], "users", more)
        await BINDINGS.apply(connection, facts)
        await INVITATIONS.apply(connection, facts)
