"""The rules of streams `invite-<id>` and `mail-<id>`: what identity decided about a person, recorded once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, assert_never
from uuid import UUID

from services.identity.contract import InvitedRole, Role, TeamId, UserId
from services.invites.contract import (
    InviteAccepted,
    InviteCreated,
    InviteEvent,
    InviteExpired,
    InviteId,
    InviteRolesChanged,
    InviteVoided,
    InviteWithdrawn,
    VoidReason,
)

KIND: Final = "invite"
MAIL_KIND: Final = "mail"


def invite_stream(invite_id: str) -> str:
    """Return the name of the stream of an invite."""
    return f"{KIND}-{invite_id}"


def mail_stream(mail_id: UUID) -> str:
    """Return the name of the stream of a mail."""
    return f"{MAIL_KIND}-{mail_id}"


@dataclass(frozen=True, slots=True)
class RecordInvitation:
    """Identity invited a person."""

    invite_id: InviteId
    user_id: UserId
    scope: str
    roles: tuple[Role, ...]
    expires_at: datetime
    inviter: str
    inviter_kind: str
    at: datetime
    deployment_roles: tuple[InvitedRole, ...] = ()
    team_ids: tuple[TeamId, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordRoles:
    """Identity replaced the roles of an open invitation."""

    invite_id: InviteId
    roles: tuple[Role, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class RecordWithdrawal:
    """Identity withdrew an open invitation, on a wish or because its time was up."""

    invite_id: InviteId
    expired: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class RecordAcceptance:
    """The invited person became active."""

    invite_id: InviteId
    at: datetime


@dataclass(frozen=True, slots=True)
class RecordVoid:
    """The person or the workspace of an open invitation is gone."""

    invite_id: InviteId
    reason: VoidReason
    at: datetime


InviteCommand = RecordInvitation | RecordRoles | RecordWithdrawal | RecordAcceptance | RecordVoid


@dataclass(frozen=True, slots=True)
class Absent:
    """No such invite was recorded."""


@dataclass(frozen=True, slots=True)
class Pending:
    """The invite can still be accepted."""

    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class Closed:
    """The invite was accepted, withdrawn or voided, or it expired; it stays so."""


Invite = Absent | Pending | Closed

ABSENT: Final = Absent()


def decide(command: InviteCommand, invite: Invite) -> list[InviteEvent]:
    """Return the events that record `command`, none where it is recorded already.

    Nothing is rejected here: identity has decided, and this service writes down what it learns.
    """
    if isinstance(command, RecordInvitation):
        return [_created(command)] if isinstance(invite, Absent) else []
    return _follow(command, invite) if isinstance(invite, Pending) else []


def evolve(_: Invite, event: InviteEvent) -> Invite:
    """Return the state after `event`."""
    match event:
        case InviteCreated() | InviteRolesChanged():
            return Pending(roles=event.roles)
        case InviteWithdrawn() | InviteExpired() | InviteAccepted() | InviteVoided():
            return Closed()
        case _:
            assert_never(event)


def _created(command: RecordInvitation) -> InviteCreated:
    return InviteCreated(
        invite_id=command.invite_id,
        user_id=command.user_id,
        scope=command.scope,
        roles=command.roles,
        expires_at=command.expires_at,
        inviter=command.inviter,
        inviter_kind=command.inviter_kind,
        created_at=command.at,
        deployment_roles=command.deployment_roles,
        team_ids=command.team_ids,
    )


def _follow(
    command: RecordRoles | RecordWithdrawal | RecordAcceptance | RecordVoid, invite: Pending
) -> list[InviteEvent]:
    match command:
        case RecordRoles(invite_id, roles, at):
            changed = InviteRolesChanged(invite_id=invite_id, roles=roles, changed_at=at)
            return [changed] if roles != invite.roles else []
        case RecordWithdrawal(invite_id, expired, at):
            if expired:
                return [InviteExpired(invite_id=invite_id, expired_at=at)]
            return [InviteWithdrawn(invite_id=invite_id, withdrawn_at=at)]
        case RecordAcceptance(invite_id, at):
            return [InviteAccepted(invite_id=invite_id, accepted_at=at)]
        case RecordVoid(invite_id, reason, at):
            return [InviteVoided(invite_id=invite_id, reason=reason, voided_at=at)]
        case _:
            assert_never(command)
