"""Signing in with a password, and the sessions that it begins and that end before their time."""

from dataclasses import dataclass

from services.identity.contract import (
    Done,
    EndReason,
    EndSession,
    Noted,
    Rule,
    SessionId,
    Signed,
    SignIn,
    UserId,
    addresses,
)
from services.identity.contract.commands.accounts import Joining
from services.identity.domain import session, texts, workspace
from services.identity.domain.session import End, Start
from services.identity.domain.user import EMAIL, USERNAME, Active, Joined, Pending, Suspended, User
from services.identity.handlers.authority import asker, is_own, require, require_to_give
from services.identity.handlers.even import evened_refusals
from services.identity.handlers.gate import Attempt
from services.identity.handlers.kit import Kit
from services.identity.handlers.replies import session_of, user_row
from services.identity.handlers.streams import SESSION, USER, WORKSPACE, state_of, user_of
from shared import auth
from shared.auth import Principal, PrincipalKind
from shared.bus.request import Request, Result
from shared.commands import Committed, Unit
from shared.errors import Forbidden, Invalid, NotFound, Rejected


@dataclass(frozen=True, slots=True)
class SigningIn:
    """What answers SignIn and EndSession."""

    kit: Kit

    async def sign_in(self, request: Request[SignIn]) -> Result[Signed]:
        """Begin a session of the person whose password was given.

        The password is checked before anything is locked, against something in every case, and a refusal comes at an
        even time; so what is unknown or locked takes as long as what is wrong, however long a history is.
        """
        async with evened_refusals():
            user = await self._known(request)

        async def attempt(unit: Unit) -> str:
            now = (await unit.load(USER, user.user_id)).state
            if not isinstance(now, Active) or now.profile.password_hash != user.profile.password_hash:
                raise _bad_credentials()
            await _require_place(unit, self.kit, request.message, now)
            return await start_session(unit, self.kit, request.message, now)

        return await signed(self.kit, await self.kit.running.commands.run(request, attempt))

    async def end(self, request: Request[EndSession]) -> Result[Done]:
        """End a session of one's own, or another's."""
        command = request.message

        async def attempt(unit: Unit) -> str:
            loaded = await unit.load(SESSION, command.session_id)
            who = await asker(unit, self.kit)
            own = not isinstance(loaded.state, session.Absent) and is_own(who, loaded.state.user_id)
            if not own:
                await require(unit, self.kit, "system.iam.update")
            if isinstance(loaded.state, session.Absent):
                raise NotFound("there is no such session")
            reason: EndReason = "signed_out" if command.session_id == who.credential else "ended"
            wish = End(session_id=command.session_id, reason=reason, now=command.now)
            unit.append(loaded, SESSION.decide(wish, loaded.state))
            return loaded.stream

        committed = await self.kit.running.commands.run(request, attempt)
        return Result(Done(), committed.stream, committed.position)

    async def _known(self, request: Request[SignIn]) -> Active:
        """Return who may sign in with this password; raise Rejected where nobody may."""
        command = request.message
        user = await self._find(command.identity)
        account = user.user_id if isinstance(user, Joined) else texts.sign_in_name(command.identity)
        async with self.kit.gate.attempt(
            account, request.context.origin, now=command.now, refusal=_bad_credentials()
        ) as attempt:
            hashed = user.profile.password_hash if attempt.admitted and isinstance(user, Active | Pending) else ""
            right = await self.kit.passwords.verify(command.password, hashed)
            if not (right and isinstance(user, Active | Pending) and await attempt.still_admitted()):
                raise _bad_credentials(await _noted(user, attempt))
            if isinstance(user, Pending):
                raise Rejected("the address awaits confirmation", rule=Rule.AWAITING_CONFIRMATION)
        return user

    async def _find(self, identity: str) -> User:
        """Return the person of a username or an address; always one look for a claim and one for a stream."""
        stream = await claimed_by(self.kit, identity)
        return await read_user(self.kit, user_of(stream or USER.stream("nobody")))


async def claimed_by(kit: Kit, identity: str) -> str | None:
    """Return the stream of the person with this username or address, None where there is none."""
    name = texts.sign_in_name(identity)
    if "@" in name:
        return await kit.running.store.claim_holder(EMAIL, _address(name), personal=True)
    return await kit.running.store.claim_holder(USERNAME, name, personal=True)


async def read_user(kit: Kit, user_id: UserId) -> User:
    """Return a person as they are now."""
    return state_of(USER, await kit.running.store.read_stream(USER.stream(user_id)))


async def start_session(unit: Unit, kit: Kit, command: SignIn | Joining[Signed], user: Active) -> str:
    """Begin the session that a command brings, in its entry, and return its stream."""
    loaded = await unit.load(SESSION, command.session_id)
    wish = Start(
        session_id=command.session_id,
        user_id=user.user_id,
        key_id=(await kit.signing_keys.signing()).kid,
        days=command.duration_days,
        now=command.now,
        generation=user.session_generation,
    )
    unit.append(loaded, SESSION.decide(wish, loaded.state))
    await act_as(unit, kit, user.user_id, session_id=command.session_id)
    return loaded.stream


async def act_as(unit: Unit, kit: Kit, user_id: UserId, *, session_id: SessionId | None = None) -> None:
    """Note for the audit that the person acts who signs in or up, and from where."""
    seal = await kit.origins.seal(user_id, unit.context.origin)
    unit.act_as(user_id, credential=session_id or "", origin_seal=seal)


async def signed(kit: Kit, committed: Committed) -> Result[Signed]:
    """Return who signed in or up, and the session if one was begun; a repeat gets the same token."""
    streams = {stream.partition("-")[0]: history for stream, history in committed.histories.items() if history}
    session = streams.get(SESSION.kind)
    row = await kit.tokens.mint(session_of(session)) if session else None
    answer = Signed(user=user_row(streams[USER.kind]), session=row)
    return Result(answer, committed.stream, committed.position)


async def _require_place(unit: Unit, kit: Kit, command: SignIn, user: Active) -> None:
    """Raise Forbidden unless the person holds a role in the workspace that the command names."""
    if command.workspace_id is None:
        return
    entity = auth.workspace(command.workspace_id)
    who = Principal(kind=PrincipalKind.USER, subject=user.user_id)
    await require_to_give(unit, kit, "workspace.config.get", entity, given=(), asked_by=who)
    if not isinstance((await unit.load(WORKSPACE, command.workspace_id)).state, workspace.Live):
        raise Forbidden("there is no such workspace")


def _address(name: str) -> str:
    try:
        return addresses.email_address(name)
    except Invalid:
        return name


async def _noted(user: User, attempt: Attempt) -> str:
    """Return what the audit says of a refused attempt; all of it looks alike to the asker."""
    if isinstance(user, Suspended):
        return Noted.ACCOUNT_SUSPENDED
    open_ = attempt.admitted and await attempt.still_admitted()
    return Rule.BAD_CREDENTIALS if open_ else Noted.ACCOUNT_LOCKED


def _bad_credentials(noted: str = "") -> Rejected:
    return Rejected("the identity or the password is wrong", rule=Rule.BAD_CREDENTIALS, noted=noted)
