"""The commands of the invites service: identity alone decides about a person."""

from dataclasses import dataclass
from datetime import timedelta

from services.identity.contract import Invited, InviteUser, Rule, UserInvited, WithdrawInvitation, addresses
from services.identity.domain import workspace
from services.identity.domain.user import INVITATION, Invite, Withdraw, check_invited_roles
from services.identity.handlers.authority import INVITES, require_service
from services.identity.handlers.forgetting import Forgetting
from services.identity.handlers.kit import Kit
from services.identity.handlers.people import load_holder, write
from services.identity.handlers.replies import primary
from services.identity.handlers.streams import USER, WORKSPACE, user_of
from services.identity.handlers.teams import require_to_add
from shared.auth import SYSTEM, Principal, PrincipalKind
from shared.bus.context import Context
from shared.bus.request import Request, Result
from shared.commands import Committed, Unit
from shared.errors import Invalid, Rejected


@dataclass(frozen=True, slots=True)
class Invitations:
    """What answers InviteUser and WithdrawInvitation."""

    kit: Kit

    async def invite(self, request: Request[InviteUser]) -> Result[Invited]:
        """Invite an address that has no account."""
        command = request.message
        require_service(request.context.principal, INVITES)
        email = addresses.email_address(command.email)
        check_invited_roles(command.roles, command.scope)

        inviter = _asker(request.context, command.inviter, command.inviter_kind)

        async def attempt(unit: Unit) -> str:
            unit.act_for(inviter, role=command.allowed_by)
            await _check_scope(unit, command.scope)
            for team_id in command.team_ids:
                await require_to_add(unit, self.kit, team_id, asked_by=inviter)
            loaded = await load_holder(unit, email, otherwise=command.user_id)
            wish = Invite(
                user_id=user_of(loaded.stream),
                invitation_id=command.invitation_id,
                email=email,
                scope=command.scope,
                roles=command.roles,
                expires_at=command.now + self._lasts(command),
                inviter=command.inviter,
                inviter_kind=command.inviter_kind,
                alone=command.alone and command.scope == SYSTEM,
                now=command.now,
                team_ids=command.team_ids,
            )
            await write(unit, self.kit, loaded, wish, now=command.now)
            return loaded.stream

        committed = await self.kit.running.commands.run(request, attempt)
        return _answer(committed, _made_by(committed, request))

    async def withdraw(self, request: Request[WithdrawInvitation]) -> Result[Invited]:
        """End an open invitation unused."""
        command = request.message
        require_service(request.context.principal, INVITES)
        asker = _asker(request.context, command.asked_by, command.asked_by_kind)

        async def attempt(unit: Unit) -> str:
            if asker.subject:
                unit.act_for(asker, role=command.allowed_by)
            stream = await unit.claim_holder(INVITATION, command.invitation_id)
            if stream is None:
                raise Rejected("the invitation is not open", rule=Rule.INVITE_NOT_FOUND)
            loaded = await unit.load(USER, user_of(stream))
            wish = Withdraw(invitation_id=command.invitation_id, reason=command.reason, now=command.now)
            await write(unit, self.kit, loaded, wish, now=command.now)
            return loaded.stream

        committed = await self.kit.running.commands.run(request, attempt)
        await Forgetting(self.kit).forget_removed(committed)
        return _answer(committed, _invitations(committed)[command.invitation_id])

    def _lasts(self, command: InviteUser) -> timedelta:
        if command.expires_in_s is None:
            return timedelta(days=self.kit.settings.invite_days)
        return timedelta(seconds=command.expires_in_s)


def _asker(context: Context, subject: str, kind: str) -> Principal:
    """Return who asked invites for it, without the grants, which are read afresh."""
    known = PrincipalKind(kind) if kind else PrincipalKind.ANONYMOUS
    return Principal(kind=known, subject=subject, credential=context.principal.credential)


async def _check_scope(unit: Unit, scope: str) -> None:
    """Raise NotFound unless the scope exists; the entry expects it to stay."""
    kind, _, id_ = scope.partition(":")
    if scope == SYSTEM:
        return
    if kind != WORKSPACE.kind or not id_:
        raise Invalid("the scope of an invitation is the system or a workspace")
    workspace.live((await unit.load(WORKSPACE, id_)).state)


def _made_by(committed: Committed, request: Request[InviteUser]) -> UserInvited:
    """Return the invitation that this command id made, now or the first time."""
    mine = request.context.message_id
    made = [
        recorded.event
        for recorded in primary(committed)
        if isinstance(recorded.event, UserInvited) and recorded.metadata.message_id == mine
    ]
    return made[-1]


def _invitations(committed: Committed) -> dict[str, UserInvited]:
    events = [recorded.event for recorded in primary(committed)]
    return {event.invitation_id: event for event in events if isinstance(event, UserInvited)}


def _answer(committed: Committed, event: UserInvited) -> Result[Invited]:
    answer = Invited(user_id=event.user_id, invitation_id=event.invitation_id, expires_at=event.expires_at)
    return Result(answer, committed.stream, committed.position)
