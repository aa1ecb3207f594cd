"""Signing in with a password, and the sessions that it begins."""

import asyncio
from dataclasses import dataclass
from typing import Final

from services.identity.contract import RegisterUser, Rule, Signed, SignIn, UserId
from services.identity.domain import texts
from services.identity.domain.session import Start
from services.identity.domain.user import EMAIL, USERNAME, Active, Pending, User
from services.identity.handlers.kit import Kit
from services.identity.handlers.replies import session_of, user_row
from services.identity.handlers.streams import SESSION, USER, state_of, user_of
from shared.bus.request import Request, Result
from shared.commands import Committed, Unit
from shared.errors import Invalid, Rejected

REFUSALS_EVERY_S: Final = 0.25


@dataclass(frozen=True, slots=True)
class SigningIn:
    """What answers SignIn."""

    kit: Kit

    async def sign_in(self, request: Request[SignIn]) -> Result[Signed]:
        """Begin a session of the person whose password was given.

        The password is checked before anything is locked, against something in every case, and a refusal comes at the
        next full REFUSALS_EVERY_S; so what is unknown takes as long as what is wrong, however long a history is.
        """
        began = asyncio.get_running_loop().time()
        try:
            user = await self._known(request.message)
        except Rejected:
            await _even_out(began)
            raise

        async def attempt(unit: Unit) -> str:
            now = (await unit.load(USER, user.user_id)).state
            if not isinstance(now, Active) or now.profile.password_hash != user.profile.password_hash:
                raise _bad_credentials()
            return await start_session(unit, self.kit, request.message, user.user_id)

        return await signed(self.kit, await self.kit.running.commands.run(request, attempt))

    async def _known(self, command: SignIn) -> Active:
        """Return who may sign in with this password; raise Rejected where nobody may."""
        user = await self._find(command.identity)
        hashed = user.profile.password_hash if isinstance(user, Active | Pending) else ""
        right = await self.kit.passwords.verify(command.password, hashed)
        if not right or not isinstance(user, Active | Pending):
            raise _bad_credentials()
        if isinstance(user, Pending):
            raise Rejected("the address awaits confirmation", rule=Rule.AWAITING_CONFIRMATION)
        return user

    async def _find(self, identity: str) -> User:
        """Return the person of a username or an address; always one look for a claim and one for a stream."""
        name = texts.sign_in_name(identity)
        if "@" in name:
            stream = await self.kit.running.store.claim_holder(EMAIL, _address(name), personal=True)
        else:
            stream = await self.kit.running.store.claim_holder(USERNAME, name, personal=True)
        return await read_user(self.kit, user_of(stream or USER.stream("nobody")))


async def read_user(kit: Kit, user_id: UserId) -> User:
    """Return a person as they are now."""
    return state_of(USER, await kit.running.store.read_stream(USER.stream(user_id)))


async def start_session(unit: Unit, kit: Kit, command: SignIn | RegisterUser, user_id: UserId) -> str:
    """Begin the session that a command brings, in its entry, and return its stream."""
    loaded = await unit.load(SESSION, command.session_id)
    wish = Start(
        session_id=command.session_id,
        user_id=user_id,
        key_id=(await kit.signing_keys.newest()).kid,
        days=command.duration_days,
        now=command.now,
    )
    unit.append(loaded, SESSION.decide(wish, loaded.state))
    return loaded.stream


async def signed(kit: Kit, committed: Committed) -> Result[Signed]:
    """Return who signed in or up, and the session if one was begun; a repeat gets the same token."""
    streams = {stream.partition("-")[0]: history for stream, history in committed.histories.items() if history}
    session = streams.get(SESSION.kind)
    row = await kit.tokens.mint(session_of(session)) if session else None
    answer = Signed(user=user_row(streams[USER.kind]), session=row)
    return Result(answer, committed.stream, committed.position)


async def _even_out(began: float) -> None:
    """Return at the next multiple of REFUSALS_EVERY_S since `began`."""
    spent = asyncio.get_running_loop().time() - began
    await asyncio.sleep(REFUSALS_EVERY_S - spent % REFUSALS_EVERY_S)


def _address(name: str) -> str:
    try:
        return texts.email_address(name)
    except Invalid:
        return name


def _bad_credentials() -> Rejected:
    return Rejected("the identity or the password is wrong", rule=Rule.BAD_CREDENTIALS)
