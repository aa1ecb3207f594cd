"""Signing up: the first person, invited persons, and everybody where sign-ups are open."""

import hmac
from dataclasses import dataclass, replace
from datetime import datetime

from services.identity.contract import InvitationId, MailPurpose, RegisterUser, Rule, Signed, UserId, addresses
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
)
from services.identity.handlers.even import evened_refusals
from services.identity.handlers.kit import Kit
from services.identity.handlers.people import holder_of, live_places, load_holder, write
from services.identity.handlers.sessions import act_as, signed
from services.identity.handlers.streams import ORGANIZATION, USER, user_of
from services.identity.handlers.welcome import welcome
from services.identity.secrets.mail_tokens import id_of
from services.identity.secrets.passwords import COMMON
from shared.bus.request import Request, Result
from shared.commands import Unit
from shared.decider import Loaded
from shared.errors import Rejected

ACCEPTANCES = "acceptances"
"""The queue of sign-ups with an invitation."""

INVITATION_GENERATION = 1
"""An invitation that is replaced gets a new id, so its mail never gets another generation."""


@dataclass(frozen=True, slots=True)
class SignUp:
    """What answers RegisterUser."""

    kit: Kit

    async def register(self, request: Request[RegisterUser]) -> Result[Signed]:
        """Make the person who asks, or let an invited one in; with a session where they may sign in at once."""
        command, origin = request.message, request.context.origin
        profile = self._profile(command)
        if command.invite_token:
            # The gate counts by whom the token names, which shows nobody who that is.
            gate = self.kit.gate.attempt(
                id_of(command.invite_token), origin, now=command.now, refusal=_invite_not_found(), mailed=True
            )
            async with evened_refusals(), gate:
                result = await self._join(request, profile)
        else:
            result = await self._join(request, profile)
        if result.value.session:
            await self.kit.gate.know(result.value.user.id, origin, now=command.now)
        return result

    async def _join(self, request: Request[RegisterUser], typed: Profile) -> Result[Signed]:
        command = request.message
        await self._refuse_early(request, typed.email)
        profile = replace(typed, password_hash=await self.kit.passwords.hash(command.password))

        async def attempt(unit: Unit) -> str:
            if command.invite_token:
                loaded, wish = await self._accept(unit, command, profile)
            else:
                loaded, wish = await self._register(unit, command, profile)
            user = await write(unit, self.kit, loaded, wish, now=command.now)
            await act_as(unit, self.kit, user_of(loaded.stream))
            if isinstance(user, Active):
                await welcome(unit, self.kit, command, user)
            return loaded.stream

        # Many who join one team at once write to its stream: hashing is over, so taking turns costs little.
        turns = ACCEPTANCES if command.invite_token else ""
        return await signed(self.kit, await self.kit.running.commands.run(request, attempt, queue_key=turns))

    def _profile(self, command: RegisterUser) -> Profile:
        """Return what was typed in its stored form, without a hash yet; raise where it can't stand."""
        email = addresses.email_address(command.email)
        username = texts.username(command.username, email=email)
        full_name = texts.short_text("full name", command.full_name)
        texts.check_password(command.password, common=COMMON, own={email, texts.sign_in_name(username)})
        return Profile(email=email, username=username, full_name=full_name, password_hash="")

    async def _refuse_early(self, request: Request[RegisterUser], email: str) -> None:
        """Raise Rejected for what has no chance, so that strangers can't make us hash; not for a repeat."""
        refusal = await self._no_chance(request, email)
        # Its receipt is looked for last: what took the chance away may be this very command, committed just now.
        if refusal and await self.kit.running.store.find_receipt(request.context.message_id) is None:
            raise refusal

    async def _no_chance(self, request: Request[RegisterUser], email: str) -> Rejected | None:
        command, settings = request.message, self.kit.settings
        if command.invite_token:
            holder = await self.kit.running.store.claim_holder(INVITATION, id_of(command.invite_token))
            return None if holder else _invite_not_found()
        if not await self.kit.organization.has_owner():
            return None
        shut = self._shut(email)
        if shut is not None:
            return shut
        # Counted whoever has the address, so that the refusal tells nothing of it.
        admitted = not settings.email_confirmation or await self.kit.gate.may_mail(
            request.context.origin, now=command.now
        )
        return None if admitted else _too_many_sign_ups()

    async def _register(self, unit: Unit, command: RegisterUser, profile: Profile) -> tuple[Loaded[User], UserCommand]:
        first = await self._is_first(unit, command)
        shut = None if first else self._shut(profile.email)
        if shut is not None:
            raise shut
        loaded = await load_holder(unit, profile.email, otherwise=command.user_id)
        wish = Register(
            user_id=user_of(loaded.stream),
            profile=profile,
            binding_id=command.binding_id,
            first=first,
            confirmed=not self.kit.settings.email_confirmation,
            now=command.now,
            link_lasts=self.kit.settings.confirmation_lasts,
        )
        return loaded, wish

    def _shut(self, email: str) -> Rejected | None:
        """Return why nobody signs up with this address who is not invited; whether it has an account plays no part."""
        settings = self.kit.settings
        if not settings.public_signups:
            return _sign_ups_closed()
        if settings.signup_domains and email.rpartition("@")[2] not in settings.signup_domains:
            return _domain_shut()
        return None

    async def _is_first(self, unit: Unit, command: RegisterUser) -> bool:
        if await self.kit.organization.has_owner():
            return False
        # The entry appends to this stream too, so of two first ones at once the second decides afresh.
        state = (await unit.load(ORGANIZATION, await self.kit.organization.id())).state
        if isinstance(state, organization.Founded) and state.owners:
            return False
        wanted = self.kit.settings.bootstrap_token
        if wanted is None and isinstance(state, organization.Founded) and state.orphaned:
            return False
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
            live=await live_places(unit, loaded.state),
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


def _same(wanted: str, given: str) -> bool:
    return hmac.compare_digest(wanted.encode(), given.encode())


def _sign_ups_closed() -> Rejected:
    return Rejected("public sign-ups are disabled", rule=Rule.SIGNUPS_CLOSED)


def _domain_shut() -> Rejected:
    return Rejected("addresses of this domain sign up by invitation only", rule=Rule.SIGNUP_DOMAIN)


def _too_many_sign_ups() -> Rejected:
    return Rejected("too many sign-ups came from one source", rule=Rule.TOO_MANY_SIGN_UPS)


def _invite_not_found() -> Rejected:
    return Rejected("there is no such open invitation", rule=Rule.INVITE_NOT_FOUND)
