"""What mailed links do: confirm an address, reset a password; and the wishes to have one mailed."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from services.identity.contract import (
    ConfirmEmail,
    Done,
    MailPurpose,
    RequestConfirmation,
    RequestPasswordReset,
    ResetPassword,
    Rule,
    Signed,
    addresses,
)
from services.identity.domain import texts
from services.identity.domain.user import (
    EMAIL,
    Active,
    AskConfirmation,
    AskReset,
    Confirm,
    Joined,
    Link,
    User,
    UserCommand,
    open_link,
)
from services.identity.domain.user import ResetPassword as Reset
from services.identity.handlers.even import even_out, evened_refusals
from services.identity.handlers.kit import Kit
from services.identity.handlers.people import is_in_team, live_places, write
from services.identity.handlers.sessions import read_user, signed
from services.identity.handlers.streams import USER, user_of
from services.identity.handlers.welcome import welcome
from services.identity.secrets.mail_tokens import id_of
from services.identity.secrets.passwords import COMMON
from shared.bus.request import Request, Result
from shared.commands import Unit
from shared.errors import Invalid, Rejected


@dataclass(frozen=True, slots=True)
class MailedLinks:
    """What answers ConfirmEmail, ResetPassword and the wishes for their mails."""

    kit: Kit

    async def confirm(self, request: Request[ConfirmEmail]) -> Result[Signed]:
        """Confirm an address and begin a session."""
        command, lasts = request.message, self.kit.settings.reset_lasts
        async with self._attempt(request):
            await self._look_early(request)
            in_team = await is_in_team(self.kit, id_of(command.token))

            def wish(link: Link, live: frozenset[str]) -> Confirm:
                return Confirm(link.generation, live, command.now, in_team=in_team, reset_lasts=lasts)

            return await self._follow(request, wish)

    async def reset(self, request: Request[ResetPassword]) -> Result[Signed]:
        """Set a new password, which ends all sessions, and begin one."""
        command = request.message
        async with self._attempt(request):
            known = await self._look_early(request)
            hashed = await self._hash(command, known) if known else ""
            return await self._follow(
                request,
                lambda link, live: Reset(generation=link.generation, password_hash=hashed, live=live, now=command.now),
            )

    async def request_confirmation(self, request: Request[RequestConfirmation]) -> Result[Done]:
        """Have the confirmation's link mailed to who awaits it; the answer says nothing, at an even time."""
        lasts = self.kit.settings.confirmation_lasts
        return await self._ask(request, AskConfirmation(now=request.message.now, link_lasts=lasts))

    async def request_reset(self, request: Request[RequestPasswordReset]) -> Result[Done]:
        """Have a link mailed that resets the password of who has one; the answer says nothing, at an even time."""
        lasts = self.kit.settings.reset_lasts
        return await self._ask(request, AskReset(now=request.message.now, link_lasts=lasts))

    @asynccontextmanager
    async def _attempt(self, request: Request[ConfirmEmail] | Request[ResetPassword]) -> AsyncGenerator[None]:
        """Let the block prove a mailed token; the gate counts by whom it names, which shows nobody who that is."""
        command, origin = request.message, request.context.origin
        gate = self.kit.gate.attempt(
            id_of(command.token), origin, now=command.now, refusal=_refusal(command), mailed=True
        )
        async with evened_refusals(), gate:
            yield

    async def _follow(
        self,
        request: Request[ConfirmEmail] | Request[ResetPassword],
        wish: Callable[[Link, frozenset[str]], UserCommand],
    ) -> Result[Signed]:
        """Write what `wish` makes of the link and the scopes that still exist, and begin a session."""
        command = request.message

        async def attempt(unit: Unit) -> str:
            loaded = await unit.load(USER, id_of(command.token))
            link = self._followed(command, loaded.state)
            live = await live_places(unit, loaded.state)
            user = await write(unit, self.kit, loaded, wish(link, live), now=command.now)
            if isinstance(user, Active):
                await welcome(unit, self.kit, command, user)
            return loaded.stream

        return await signed(self.kit, await self.kit.running.commands.run(request, attempt))

    async def _look_early(self, request: Request[ConfirmEmail] | Request[ResetPassword]) -> User | None:
        """Return whom the token is for; None for a repeat, which is answered like the first.

        Raises Rejected where the token does not hold: strangers can't make us hash or queue.
        """
        command = request.message
        user = await read_user(self.kit, user_of(id_of(command.token)))
        try:
            self._followed(command, user)
        except Rejected:
            # The receipt is looked for last: what used the token may be this very command, committed just now.
            if await self.kit.running.store.find_receipt(request.context.message_id) is None:
                raise
            return None
        return user

    def _followed(self, command: ConfirmEmail | ResetPassword, user: User) -> Link:
        """Return the open link that the token of a command is of; raise Rejected where there is none."""
        purpose = MailPurpose.CONFIRM if isinstance(command, ConfirmEmail) else MailPurpose.RESET
        link = open_link(link_for(purpose, user), command.now)
        if not isinstance(user, Joined) or link is None:
            raise _refusal(command)
        if not self.kit.mail_tokens.holds(
            command.token, purpose, user.user_id, generation=link.generation, expires_at=link.expires_at
        ):
            raise _refusal(command)
        return link

    async def _hash(self, command: ResetPassword, user: User) -> str:
        own: set[str] = set()
        if isinstance(user, Joined):
            own = {user.profile.email, texts.sign_in_name(user.profile.username)}
        texts.check_password(command.password, common=COMMON, own=own)
        return await self.kit.passwords.hash(command.password)

    async def _ask(
        self, request: Request[RequestConfirmation] | Request[RequestPasswordReset], wish: UserCommand
    ) -> Result[Done]:
        began = asyncio.get_running_loop().time()
        admitted = await self.kit.gate.may_mail(request.context.origin, now=request.message.now)
        user = await self._holder(request.message.email)
        if admitted and isinstance(user, Joined) and USER.decide(wish, user):
            await self._write_wish(request, user, wish)
        await even_out(began)
        return Result(Done())  # without a position, which would tell that something was written

    async def _holder(self, email: str) -> User | None:
        try:
            address = addresses.email_address(email)
        except Invalid:
            return None
        stream = await self.kit.running.store.claim_holder(EMAIL, address, personal=True)
        return await read_user(self.kit, user_of(stream)) if stream else None

    async def _write_wish(
        self, request: Request[RequestConfirmation] | Request[RequestPasswordReset], user: Joined, wish: UserCommand
    ) -> None:
        async def attempt(unit: Unit) -> str:
            loaded = await unit.load(USER, user.user_id)
            unit.append(loaded, USER.decide(wish, loaded.state))
            return loaded.stream

        await self.kit.running.commands.run(request, attempt)


def link_for(purpose: MailPurpose, user: User) -> Link | None:
    """Return the link of a person that is not used or replaced; it may have expired."""
    if not isinstance(user, Joined):
        return None
    match purpose:
        case MailPurpose.CONFIRM:
            return user.links.confirmation
        case MailPurpose.RESET:
            return user.links.reset
        case MailPurpose.INVITE | MailPurpose.PASSWORD_CHANGED | MailPurpose.WORKSPACE_ADDED:
            return None


def _refusal(command: ConfirmEmail | ResetPassword) -> Rejected:
    rule = Rule.INVALID_TOKEN if isinstance(command, ConfirmEmail) else Rule.INVALID_RESET_TOKEN
    return Rejected("the link does not work, or no longer", rule=rule)
