"""Takes in what identity decided about invitations and mails, and writes the record of each."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.identity.contract import (
    MailPurpose,
    UserActivated,
    UserConfirmationRequested,
    UserEmailConfirmed,
    UserId,
    UserInvitationRolesChanged,
    UserInvitationWithdrawn,
    UserInvited,
    UserPasswordChanged,
    UserPasswordResetRequested,
    UserRemoved,
    UserRoleGranted,
)
from services.invites.contract import InviteId, MailRequested, VoidReason
from services.invites.domain import (
    InviteCommand,
    RecordAcceptance,
    RecordInvitation,
    RecordRoles,
    RecordVoid,
    RecordWithdrawal,
    decide,
    mail_stream,
)
from services.invites.sql import QUERIES
from services.invites.streams import read_invite
from shared.errors import Unavailable
from shared.followers.consumer import Effect
from shared.followers.published import Published
from shared.service import Running
from shared.store.model import Expected, NewEvent


@dataclass(frozen=True, slots=True)
class IdentityIntake:
    """The effect of identity's events in our store; their order and their happening once are the consumer's."""

    running: Running

    async def effect(self, published: Published) -> Effect | None:
        """Return the events that record `published`, None where it is nothing to us or recorded already."""
        mail = _mail(published)
        if mail is not None:
            return await self._mail_recorded(mail)
        expected: list[Expected] = []
        events: list[NewEvent] = []
        for command in await self._commands(published):
            invite = await read_invite(self.running.store, command.invite_id)
            news = decide(command, invite.state)
            if news:
                expected.append(invite.head)
                events += [NewEvent(invite.head.stream, event) for event in news]
        return Effect(expected=tuple(expected), events=tuple(events)) if events else None

    async def _mail_recorded(self, mail: MailRequested) -> Effect | None:
        stream = mail_stream(mail.mail_id)
        if await self.running.store.read_stream(stream):
            return None
        return Effect(expected=(Expected(stream),), events=(NewEvent(stream, mail),))

    async def _commands(self, published: Published) -> Sequence[InviteCommand]:
        match published.type_name:
            case UserInvited.type_name:
                return [_invitation(published.read(UserInvited))]
            case UserInvitationRolesChanged.type_name:
                roles = published.read(UserInvitationRolesChanged)
                return [RecordRoles(invite_id=roles.invitation_id, roles=roles.roles, at=roles.changed_at)]
            case UserInvitationWithdrawn.type_name:
                return [_withdrawal(published.read(UserInvitationWithdrawn))]
            case UserActivated.type_name:
                active = published.read(UserActivated)
                return [RecordAcceptance(invite_id=id_, at=active.activated_at) for id_ in active.invitation_ids]
            case UserEmailConfirmed.type_name:
                confirmed = published.read(UserEmailConfirmed)
                return [RecordAcceptance(invite_id=id_, at=confirmed.confirmed_at) for id_ in confirmed.invitation_ids]
            case UserRemoved.type_name:
                gone = published.read(UserRemoved)
                return [
                    RecordVoid(invite_id=id_, reason=VoidReason.PERSON_REMOVED, at=gone.removed_at)
                    for id_ in await self._pending(gone.user_id)
                ]
            case _:
                return []

    async def _pending(self, user_id: UserId) -> list[InviteId]:
        """Return the ids of a person's open invites, from rows that show everything recorded so far."""
        head = await self.running.store.head()
        if not await self.running.followers.wait_for(position=head.position):
            raise Unavailable("the rows of invites are behind their events")
        found = await self.running.pool_queries.fetch(QUERIES["pending_of_user"], user_id)
        return [InviteId(row["id"]) for row in found]


def _mail(published: Published) -> MailRequested | None:
    """Return the mail that an event of identity asks for, None where it asks for none."""
    match published.type_name:
        case UserConfirmationRequested.type_name:
            asked = published.read(UserConfirmationRequested)
            user_id, purpose, generation, at = asked.user_id, MailPurpose.CONFIRM, asked.generation, asked.requested_at
        case UserPasswordResetRequested.type_name:
            reset = published.read(UserPasswordResetRequested)
            user_id, purpose, generation, at = reset.user_id, MailPurpose.RESET, reset.generation, reset.requested_at
        case UserPasswordChanged.type_name:
            changed = published.read(UserPasswordChanged)
            user_id, purpose, generation, at = changed.user_id, MailPurpose.PASSWORD_CHANGED, 0, changed.changed_at
        case UserRoleGranted.type_name:
            granted = published.read(UserRoleGranted)
            if not granted.announced:
                return None
            user_id, purpose, generation, at = granted.user_id, MailPurpose.WORKSPACE_ADDED, 0, granted.granted_at
        case _:
            return None
    return MailRequested(
        mail_id=published.event_id, user_id=user_id, purpose=purpose, generation=generation, requested_at=at
    )


def _invitation(event: UserInvited) -> RecordInvitation:
    return RecordInvitation(
        invite_id=event.invitation_id,
        user_id=event.user_id,
        scope=event.scope,
        roles=event.roles,
        expires_at=event.expires_at,
        inviter=event.inviter,
        inviter_kind=event.inviter_kind,
        at=event.invited_at,
        deployment_roles=event.deployment_roles,
        team_ids=event.team_ids,
    )


def _withdrawal(event: UserInvitationWithdrawn) -> InviteCommand:
    match event.reason:
        case "withdrawn":
            return RecordWithdrawal(invite_id=event.invitation_id, expired=False, at=event.withdrawn_at)
        case "expired":
            return RecordWithdrawal(invite_id=event.invitation_id, expired=True, at=event.withdrawn_at)
        case "workspace_deleted":
            return RecordVoid(invite_id=event.invitation_id, reason=VoidReason.WORKSPACE_DELETED, at=event.withdrawn_at)
