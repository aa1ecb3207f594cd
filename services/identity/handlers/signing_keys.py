"""The commands about the keys that sign tokens, and their rotation by age."""

import base64
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from services.identity.contract import (
    SERVICE,
    OrganizationEvent,
    RevokeSigningKey,
    RotateSigningKey,
    Rule,
    SigningKeyRow,
    SigningKeyState,
)
from services.identity.domain import organization
from services.identity.handlers.authority import require
from services.identity.handlers.kit import Kit
from services.identity.handlers.streams import ORGANIZATION
from services.identity.secrets.signing_keys import SigningKey
from shared.auth import service_principal
from shared.bus.context import Context
from shared.bus.request import Request, Result
from shared.clock import utc_now
from shared.commands import Unit
from shared.errors import NotFound, Rejected

LOOK_AT_AGE_EVERY_S: Final = 3600.0

_OWN: Final = service_principal(SERVICE)

Act = Callable[[organization.Organization], Awaitable[Sequence[OrganizationEvent]]]


@dataclass(frozen=True, slots=True)
class SigningKeyCommands:
    """What answers the commands about signing keys.

    The table is written before the event: a crash in between leaves a key that the audit does not know yet, never one
    that it calls revoked and that still verifies. The repeat of the command adds the event.
    """

    kit: Kit

    async def rotate(self, request: Request[RotateSigningKey]) -> Result[SigningKeyRow]:
        """Make the next key."""
        result = await self._run(request, lambda state: self._make(request.message, state))
        return await self._answer(result, request.message.key_id)

    async def revoke(self, request: Request[RevokeSigningKey]) -> Result[SigningKeyRow]:
        """Take a key away."""
        result = await self._run(request, lambda state: self._take(request.message, state))
        return await self._answer(result, request.message.key_id)

    async def rotate_by_age(self, days: int) -> None:
        """Make the next key where the newest is older than `days`; one of several replicas does."""
        oldest = utc_now() - timedelta(days=days)
        if any(key.created_at > oldest and key.revoked_at is None for key in await self.kit.signing_keys.all()):
            return
        command = RotateSigningKey()
        request = Request(command, Context.first(_OWN))
        await self._run(request, lambda state: self._make(command, state, unless_made_after=oldest))

    async def _make(
        self,
        command: RotateSigningKey,
        state: organization.Organization,
        unless_made_after: datetime | None = None,
    ) -> Sequence[OrganizationEvent]:
        keys, signs_from = self.kit.signing_keys, command.now + self.kit.signing_keys.overlap
        await keys.add(command.key_id, now=command.now, signs_from=signs_from, unless_made_after=unless_made_after)
        if await keys.find(command.key_id) is None:  # another replica was first
            return []
        wish = organization.AddSigningKey(key_id=command.key_id, signs_from=signs_from, now=command.now)
        return ORGANIZATION.decide(wish, state)

    async def _take(self, command: RevokeSigningKey, state: organization.Organization) -> Sequence[OrganizationEvent]:
        keys = self.kit.signing_keys
        if await keys.find(command.key_id) is None:
            raise NotFound("there is no such signing key")
        if (await keys.signing()).kid == command.key_id:
            raise Rejected(_why_it_stays(await keys.all()), rule=Rule.SIGNING_KEY_IN_USE)
        await keys.revoke(command.key_id, now=command.now)
        return ORGANIZATION.decide(organization.RevokeSigningKey(key_id=command.key_id, now=command.now), state)

    async def _run(self, request: Request[RotateSigningKey] | Request[RevokeSigningKey], act: Act) -> tuple[str, int]:
        async def attempt(unit: Unit) -> str:
            if unit.principal != _OWN:
                await require(unit, self.kit, "system.iam.update")
            loaded = await unit.load(ORGANIZATION, await self.kit.organization.id())
            unit.append(loaded, await act(loaded.state))
            return loaded.stream

        committed = await self.kit.running.commands.run(request, attempt)
        return committed.stream, committed.position

    async def _answer(self, written: tuple[str, int], key_id: str) -> Result[SigningKeyRow]:
        rows = signing_key_rows(await self.kit.signing_keys.all(), now=utc_now())
        return Result(next(row for row in rows if row.id == key_id), *written)


def signing_key_rows(keys: Sequence[SigningKey], *, now: datetime) -> list[SigningKeyRow]:
    """Return keys, in the order in which they began to sign, as others see them."""
    signing = [key.kid for key in keys if key.revoked_at is None and key.signs_from <= now][-1:]
    return [_row(key, _state(key, signing, now)) for key in keys]


def _why_it_stays(keys: Sequence[SigningKey]) -> str:
    """Return why the key that signs can't be taken away yet, and what can be done."""
    now = utc_now()
    following = [key.signs_from for key in keys if key.revoked_at is None and key.signs_from > now]
    if not following:
        return "this key signs now and no other follows it: make one with rotateSigningKey first"
    until = min(following).astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return f"this key signs until {until}, when the next one takes over: try again then"


def _state(key: SigningKey, signing: Sequence[str], now: datetime) -> SigningKeyState:
    if key.revoked_at is not None:
        return SigningKeyState.REVOKED
    if key.kid in signing:
        return SigningKeyState.SIGNING
    return SigningKeyState.NEXT if key.signs_from > now else SigningKeyState.RETIRED


def _row(key: SigningKey, state: SigningKeyState) -> SigningKeyRow:
    return SigningKeyRow(
        id=key.kid,
        public_key=base64.urlsafe_b64encode(key.public.public_bytes_raw()).rstrip(b"=").decode(),
        state=state,
        created_at=key.created_at,
        signs_from=key.signs_from,
        revoked_at=key.revoked_at,
    )
