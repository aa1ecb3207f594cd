"""Signing up: the first person, invited persons, and everybody where sign-ups are open."""

import hmac
from dataclasses import dataclass
from datetime import datetime

from services.identity.contract import InvitationId, MailPurpose, RegisterUser, Rule, Signed, UserId
from services.identity.domain import organization, texts
from services.identity.domain.user import (
    INVITATION,
    Accept,
    Active,
    Invitation,
    Profile,
    Register,
    User,
    UserCommand,
    invitations_of,
    workspaces_invited_to,
)
from services.identity.domain.workspace import Live
from services.identity.handlers.kit import Kit
from services.identity.handlers.people import holder_of, load_holder, write
from services.identity.handlers.sessions import signed, start_session
from services.identity.handlers.streams import ORGANIZATION, USER, WORKSPACE, user_of
from services.identity.secrets.mail_tokens import id_of
from services.identity.secrets.passwords import COMMON
from shared.auth import SYSTEM
from shared.bus.request import Request, Result
from shared.commands import Unit
from shared.decider import Loaded
from shared.errors import Rejected

INVITATION_GENERATION = 1
"""An invitation that is replaced gets a new id, so its mail never gets another generation."""


@dataclass(frozen=True, slots=True)
class SignUp:
    """What answers RegisterUser."""

    kit: Kit

    async def register(self, request: Request[RegisterUser]) -> Result[Signed]:
        """Make the person who asks, or let an invited one in; with a session where they may sign in at once."""
        profile = await self._profile(request)
        command = request.message

        async def attempt(unit: Unit) -> str:
            if command.invite_token:
                loaded, wish = await self._accept(unit, command, profile)
            else:
                loaded, wish = await self._register(unit, command, profile)
            user = await write(unit, self.kit, loaded, wish, now=command.now)
            if isinstance(user, Active):
                await start_session(unit, self.kit, command, user.user_id)
            return loaded.stream

        return await signed(self.kit, await self.kit.running.commands.run(request, attempt))

    async def _profile(self, request: Request[RegisterUser]) -> Profile:
        """Check what was typed and hash the password, before anything is locked."""
        command = request.message
        email = texts.email_address(command.email)
        username = texts.username(command.username, email=email)
        full_name = texts.short_text("full name", command.full_name)
        texts.check_password(command.password, common=COMMON)
        await self._refuse_early(request)
        hashed = await self.kit.passwords.hash(command.password)
        return Profile(email=email, username=username, full_name=full_name, password_hash=hashed)

    async def _refuse_early(self, request: Request[RegisterUser]) -> None:
        """Raise Rejected for what has no chance, so that strangers can't make us hash; not for a repeat."""
        refusal = await self._no_chance(request.message)
        # Its receipt is looked for last: what took the chance away may be this very command, committed just now.
        if refusal and await self.kit.running.store.find_receipt(request.context.message_id) is None:
            raise refusal

    async def _no_chance(self, command: RegisterUser) -> Rejected | None:
        if command.invite_token:
            holder = await self.kit.running.store.claim_holder(INVITATION, id_of(command.invite_token))
            return None if holder else _invite_not_found()
        closed = not self.kit.settings.public_signups and await self.kit.organization.has_owner()
        return _sign_ups_closed() if closed else None

    async def _register(self, unit: Unit, command: RegisterUser, profile: Profile) -> tuple[Loaded[User], UserCommand]:
        first = await self._is_first(unit, command)
        if not first and not self.kit.settings.public_signups:
            raise _sign_ups_closed()
        loaded = await load_holder(unit, profile.email, otherwise=command.user_id)
        wish = Register(
            user_id=user_of(loaded.stream),
            profile=profile,
            binding_id=command.binding_id,
            first=first,
            confirmed=not self.kit.settings.email_confirmation,
            now=command.now,
        )
        return loaded, wish

    async def _is_first(self, unit: Unit, command: RegisterUser) -> bool:
        if await self.kit.organization.has_owner():
            return False
        # The entry appends to this stream too, so of two first ones at once the second decides afresh.
        state = (await unit.load(ORGANIZATION, await self.kit.organization.id())).state
        if isinstance(state, organization.Founded) and state.owners:
            return False
        wanted = self.kit.settings.bootstrap_token
        if wanted and not _same(wanted.get_secret_value(), command.bootstrap_token):
            raise Rejected("the first person needs the bootstrap token", rule=Rule.BOOTSTRAP_TOKEN_REQUIRED)
        return True

    async def _accept(self, unit: Unit, command: RegisterUser, profile: Profile) -> tuple[Loaded[User], UserCommand]:
        invitation_id = InvitationId(id_of(command.invite_token))
        user_id = await self._invited(unit, invitation_id, profile.email)
        loaded = await unit.load(USER, user_id)
        self._check_token(command.invite_token, invitation_id, loaded.state, now=command.now)
        if await holder_of(unit, profile.email) != user_id:
            raise Rejected("the invitation is for another address", rule=Rule.INVITE_EMAIL_MISMATCH)
        wish = Accept(
            user_id=user_id,
            profile=profile,
            invitation_id=invitation_id,
            live=await _live_scopes(unit, loaded.state),
            now=command.now,
        )
        return loaded, wish

    async def _invited(self, unit: Unit, invitation_id: InvitationId, email: str) -> UserId:
        """Return whom an invitation is for that was open when the sign-up came; raise Rejected if it no longer is."""
        stream = await unit.claim_holder(INVITATION, invitation_id)
        if stream is not None:
            return user_of(stream)
        holder = await holder_of(unit, email)
        if holder is not None and isinstance((await unit.load(USER, holder)).state, Active):
            raise Rejected("another sign-up with this address was first", rule=Rule.EMAIL_IN_USE)
        raise _invite_not_found()

    def _check_token(self, token: str, invitation_id: InvitationId, user: User, *, now: datetime) -> None:
        invitation: Invitation | None = invitations_of(user).get(invitation_id)
        if invitation is None or not invitation.usable(now):
            raise _invite_not_found()
        if not self.kit.mail_tokens.holds(
            token,
            MailPurpose.INVITE,
            invitation_id,
            generation=INVITATION_GENERATION,
            expires_at=invitation.expires_at,
        ):
            raise _invite_not_found()


async def _live_scopes(unit: Unit, user: User) -> frozenset[str]:
    """Return the scopes of a person's invitations that still exist; the entry expects them to stay."""
    live = {SYSTEM}
    for entity in workspaces_invited_to(user):
        loaded = await unit.load(WORKSPACE, entity.partition(":")[2])
        if isinstance(loaded.state, Live):
            live.add(entity)
    return frozenset(live)


def _same(wanted: str, given: str) -> bool:
    return hmac.compare_digest(wanted.encode(), given.encode())


def _sign_ups_closed() -> Rejected:
    return Rejected("public sign-ups are disabled", rule=Rule.SIGNUPS_CLOSED)


def _invite_not_found() -> Rejected:
    return Rejected("there is no such open invitation", rule=Rule.INVITE_NOT_FOUND)
