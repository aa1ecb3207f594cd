"""The commands about service accounts."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.identity.contract import (
    DEFAULT_ROLE,
    CreateServiceAccount,
    CredentialId,
    DeleteServiceAccount,
    Role,
    ServiceAccountRow,
    UpdateServiceAccount,
    entity_kind,
    fits,
)
from services.identity.domain import credential, texts
from services.identity.domain.credential import Credential
from services.identity.handlers.authority import require
from services.identity.handlers.entities import check_entity, reached_from, require_living
from services.identity.handlers.kit import Kit
from services.identity.handlers.replies import primary, service_account_row
from services.identity.handlers.streams import CREDENTIAL
from shared.bus.request import Request, Result
from shared.commands import Committed, Unit
from shared.decider import Loaded
from shared.errors import Invalid, NotFound
from shared.store.model import Claim

KEY: Final = "service_account_key"
"""The kind of claim by which a service account is found."""

_KEY: Final = re.compile(r"[0-9a-f]{32}")
_SHOWN: Final = 6


@dataclass(frozen=True, slots=True)
class ServiceAccounts:
    """What answers the commands about service accounts."""

    kit: Kit

    async def create(self, request: Request[CreateServiceAccount]) -> Result[ServiceAccountRow]:
        """Make a service account for the key that came along."""
        command = request.message
        wish = _creation(command)

        async def attempt(unit: Unit) -> str:
            await self._authorise(unit, wish.entity, "create", role=wish.role)
            await require_living(unit, wish.entity)
            loaded = await unit.load(CREDENTIAL, command.credential_id)
            unit.append(loaded, CREDENTIAL.decide(wish, loaded.state))
            unit.take(key_claim(wish.key_digest, loaded.stream))
            return loaded.stream

        return _answer(await self.kit.running.commands.run(request, attempt))

    async def update(self, request: Request[UpdateServiceAccount]) -> Result[ServiceAccountRow]:
        """Change the texts or the role of a service account."""
        command = request.message
        wish = credential.Update(
            credential_id=command.credential_id,
            label=None if command.label is None else texts.label(command.label),
            category=None if command.category is None else texts.short_text("category", command.category),
            role=command.role,
            interface=command.interface,
            now=command.now,
        )

        async def attempt(unit: Unit) -> str:
            loaded = await self._known(unit, command, "update", role=command.role)
            unit.append(loaded, CREDENTIAL.decide(wish, loaded.state))
            return loaded.stream

        return _answer(await self.kit.running.commands.run(request, attempt))

    async def delete(self, request: Request[DeleteServiceAccount]) -> Result[ServiceAccountRow]:
        """Delete a service account; its key works no more."""
        command = request.message

        async def attempt(unit: Unit) -> str:
            loaded = await self._known(unit, command, "delete")
            delete(unit, loaded, command.credential_id, now=command.now)
            return loaded.stream

        return _answer(await self.kit.running.commands.run(request, attempt))

    async def _known(
        self,
        unit: Unit,
        command: UpdateServiceAccount | DeleteServiceAccount,
        action: str,
        *,
        role: Role | None = None,
    ) -> Loaded[Credential]:
        """Return the service account of a command, once it is authorised where the account is."""
        loaded = await unit.load(CREDENTIAL, command.credential_id)
        account = loaded.state
        if not isinstance(account, credential.Live) or command.entity not in {"", account.entity}:
            await require(unit, self.kit, f"system.serviceAccounts.{action}")  # others learn nothing of what exists
            raise NotFound("there is no such service account")
        await self._authorise(unit, account.entity, action, role=role)
        return loaded

    async def _authorise(self, unit: Unit, entity: str, action: str, *, role: Role | None) -> None:
        """Return if the asker may do this to service accounts of `entity`, and holds all that `role` gives there.

        A role that does not fit is refused later, for everybody alike.
        """
        granted = role if role is not None and fits(role, entity) else None
        permission = f"{entity_kind(entity)}.serviceAccounts.{action}"
        await require(unit, self.kit, permission, *await reached_from(unit, entity), role=granted)


def key_claim(digest: str, stream: str) -> Claim:
    """Return the claim by which a key is found; it is held for as long as the key works."""
    return Claim(KEY, digest, stream)


def delete(unit: Unit, loaded: Loaded[Credential], credential_id: CredentialId, *, now: datetime) -> None:
    """Delete a service account in the entry of a command."""
    state = credential.live(loaded.state)
    unit.append(loaded, CREDENTIAL.decide(credential.Delete(credential_id=credential_id, now=now), state))
    unit.release(key_claim(state.key_digest, loaded.stream))


def _creation(command: CreateServiceAccount) -> credential.Create:
    if not _KEY.fullmatch(command.key):
        raise Invalid("a key has 32 hexadecimal digits in lower case")
    return credential.Create(
        credential_id=command.credential_id,
        label=texts.label(command.label),
        category=texts.short_text("category", command.category),
        entity=check_entity(command.entity),
        role=command.role or DEFAULT_ROLE[entity_kind(command.entity)],
        key_digest=hashlib.sha256(command.key.encode()).hexdigest(),
        key_masked=command.key[:_SHOWN].ljust(len(command.key), "*"),
        now=command.now,
    )


def _answer(committed: Committed) -> Result[ServiceAccountRow]:
    return Result(service_account_row(primary(committed)), committed.stream, committed.position)
