"""The projection `invites`: one row an invite, folded by the function that answers of commands use too."""

from typing import Final, assert_never, cast

from services.invites.contract import (
    InviteAccepted,
    InviteCreated,
    InviteEvent,
    InviteExpired,
    InviteRolesChanged,
    InviteRow,
    InviteStatus,
    InviteVoided,
    InviteWithdrawn,
)
from services.invites.domain import KIND
from services.invites.sql import QUERIES
from shared.audit.concerns import Concern, concern_of
from shared.followers.projection import RowProjection
from shared.store.model import Recorded


def evolve(row: InviteRow | None, recorded: Recorded) -> InviteRow | None:
    """Return the row after one event of its stream."""
    event = cast("InviteEvent", recorded.event)
    if isinstance(event, InviteCreated):
        return _pending(event)
    return None if row is None else _changed(row, event)


def concern(recorded: Recorded) -> Concern:
    """Return the invite that an event is about and the workspace that it is for, for the audit."""
    return concern_of(recorded, at_home=frozenset({KIND}))


def _pending(event: InviteCreated) -> InviteRow:
    return InviteRow(
        id=event.invite_id,
        user_id=event.user_id,
        scope=event.scope,
        roles=event.roles,
        expires_at=event.expires_at,
        status=InviteStatus.PENDING,
        inviter=event.inviter,
        inviter_kind=event.inviter_kind,
        created_at=event.created_at,
        updated_at=event.created_at,
        deployment_roles=event.deployment_roles,
        team_ids=event.team_ids,
    )


def _changed(
    row: InviteRow, event: InviteRolesChanged | InviteWithdrawn | InviteExpired | InviteAccepted | InviteVoided
) -> InviteRow:
    match event:
        case InviteRolesChanged():
            return row.model_copy(update={"roles": event.roles, "updated_at": event.changed_at})
        case InviteWithdrawn():
            return row.model_copy(update={"status": InviteStatus.WITHDRAWN, "updated_at": event.withdrawn_at})
        case InviteExpired():
            return row.model_copy(update={"status": InviteStatus.EXPIRED, "updated_at": event.expired_at})
        case InviteAccepted():
            return row.model_copy(update={"status": InviteStatus.ACCEPTED, "updated_at": event.accepted_at})
        case InviteVoided():
            return row.model_copy(update={"status": InviteStatus.VOIDED, "updated_at": event.voided_at})
        case _:
            assert_never(event)


INVITES: Final = RowProjection(
    name="invites",
    stream_kind=KIND,
    table="invites",
    row=InviteRow,
    evolve=evolve,
    load=QUERIES["load_invites"],
    delete=QUERIES["delete_invites"],
    insert=QUERIES["insert_invites"],
)
