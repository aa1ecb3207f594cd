"""The commands of invites: authorised here, decided by identity, answered from the record that this service keeps."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.identity.contract import SERVICE as IDENTITY
from services.identity.contract import Invited, InviteUser, WithdrawInvitation, fits
from services.identity.contract import Rule as IdentityRule
from services.invites.authority import Authority
from services.invites.contract import (
    SERVICE,
    CreateInvite,
    InviteCreated,
    InviteRolesChanged,
    InviteRow,
    InviteStatus,
    Rule,
    WithdrawInvite,
)
from services.invites.projections import INVITES
from services.invites.streams import Loaded, read_invite
from shared.auth import SYSTEM, service_principal, workspace
from shared.bus.context import Context
from shared.bus.request import Answered, Request, Result
from shared.errors import NotFound, Rejected
from shared.service import Running
from shared.store.model import Recorded

log = logging.getLogger(__name__)

_LONGEST_WAIT_S: Final = 2.0
_RESERVE_S: Final = 0.5
"""Seconds before the deadline that are kept for the answer itself."""


@dataclass(frozen=True, slots=True)
class InviteHandlers:
    """What answers the commands of invites."""

    running: Running
    authority: Authority

    async def create(self, request: Request[CreateInvite]) -> Result[InviteRow]:
        """Have identity invite the address and answer with the invite that was recorded.

        Nothing is written here: the command id is identity's receipt, and the record comes with its event. So a crash
        between the two heals itself, and a repeat finds the same invite.
        """
        command = request.message
        scope = workspace(command.workspace_id) if command.workspace_id else SYSTEM
        allowed_by = await self.authority.require_invite(request.context, scope, command.role)
        if scope != SYSTEM and command.role is None:
            raise Rejected("an invite to a workspace needs a role", rule=Rule.INVALID_ROLE)
        if command.role is not None and not fits(command.role, scope):
            raise Rejected(f"role {command.role} does not fit the scope", rule=Rule.INVALID_ROLE)
        wish = _wish(command, scope, request.context, allowed_by)
        answer = await self.running.bus.ask(wish, _on_behalf(request.context))
        invite = await self._recorded(answer, request.context)
        row = INVITES.fold(invite.history)
        return Result(row or _expected(wish, answer.value), *_place(invite.history))

    async def withdraw(self, request: Request[WithdrawInvite]) -> Result[InviteRow]:
        """Have identity withdraw the invitation and answer with the invite as it was before."""
        command = request.message
        found = INVITES.fold((await read_invite(self.running.store, command.invite_id)).history)
        if found is None:
            await self.authority.asker(request.context)
            raise NotFound("no such invite")
        allowed_by = await self.authority.require_invite(request.context, found.scope)
        asker = request.context.principal
        wish = WithdrawInvitation(
            invitation_id=command.invite_id,
            asked_by=asker.subject,
            asked_by_kind=asker.kind.value,
            allowed_by=allowed_by,
            now=command.now,
        )
        try:
            answer = await self.running.bus.ask(wish, _on_behalf(request.context))
        except Rejected as error:
            if error.rule == IdentityRule.INVITE_NOT_FOUND:
                raise NotFound("the invite is no longer pending") from error
            raise
        invite = await self._recorded(answer, request.context)
        return Result(_before_end(invite.history) or found, *_place(invite.history))

    async def _recorded(self, answer: Answered[Invited], context: Context) -> Loaded:
        """Return the invite once the consumer has taken in what identity answered, or as it is when time is up."""
        wait_s = min(_LONGEST_WAIT_S, max(0.0, context.left_s - _RESERVE_S))
        taken_in = await self.running.followers.wait_for_source(IDENTITY, answer.position, timeout_s=wait_s)
        if not taken_in:
            log.warning("answered before the record was there", extra={"position": answer.position})
        return await read_invite(self.running.store, answer.value.invitation_id)


def _wish(command: CreateInvite, scope: str, context: Context, allowed_by: str) -> InviteUser:
    return InviteUser(
        email=command.email,
        scope=scope,
        roles=(command.role,) if command.role else (),
        alone=command.alone,
        inviter=context.principal.subject,
        inviter_kind=context.principal.kind.value,
        allowed_by=allowed_by,
        team_ids=command.team_ids,
        user_id=command.user_id,
        invitation_id=command.invite_id,
        now=command.now,
    )


def _on_behalf(context: Context) -> Context:
    """Return the context of the same command, sent by this service on behalf of the asker."""
    sender = service_principal(SERVICE).model_copy(update={"credential": context.principal.credential})
    return replace(context, principal=sender)


def _expected(wish: InviteUser, invited: Invited) -> InviteRow:
    """Return the row that the event of a committed invitation will make."""
    return InviteRow(
        id=invited.invitation_id,
        user_id=invited.user_id,
        scope=wish.scope,
        roles=wish.roles,
        expires_at=invited.expires_at,
        status=InviteStatus.PENDING,
        inviter=wish.inviter,
        inviter_kind=wish.inviter_kind,
        created_at=wish.now,
        updated_at=wish.now,
        team_ids=wish.team_ids,
    )


def _before_end(history: Sequence[Recorded]) -> InviteRow | None:
    """Return the invite as it last stood while it was pending."""
    return INVITES.fold([one for one in history if isinstance(one.event, InviteCreated | InviteRolesChanged)])


def _place(history: Sequence[Recorded]) -> tuple[str, int]:
    return (history[-1].stream, history[-1].position) if history else ("", 0)
