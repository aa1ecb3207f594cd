"""The commands about service accounts of the system and of workspaces."""

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
    Rule,
    ServiceAccountRow,
    entity_kind,
    fits,
)
from services.identity.domain import credential, texts, workspace
from services.identity.domain.credential import Credential
from services.identity.handlers.authority import asker, require
from services.identity.handlers.kit import Kit
from services.identity.handlers.replies import primary, service_account_row
from services.identity.handlers.streams import CREDENTIAL, WORKSPACE
from shared.auth import SYSTEM
from shared.bus.request import Request, Result
from shared.commands import Unit
from shared.decider import Loaded
from shared.errors import Invalid
from shared.store.model import Claim

KEY: Final = "service_account_key"
"""The kind of claim by which a service account is found."""

_KEY: Final = re.compile(r"[0-9a-f]{32}")
_ENTITY: Final = re.compile(r"system|workspace:(\S+)")
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
            await require(unit, _permission(wish.entity, "create"), wish.entity, role=_granted(wish))
            if wish.entity != SYSTEM:
                workspace.live((await unit.load(WORKSPACE, wish.entity.partition(":")[2])).state)
            loaded = await unit.load(CREDENTIAL, command.credential_id)
            unit.append(loaded, CREDENTIAL.decide(wish, loaded.state))
            unit.take(key_claim(wish.key_digest, loaded.stream))
            return loaded.stream

        committed = await self.kit.running.commands.run(request, attempt)
        return Result(service_account_row(primary(committed)), committed.stream, committed.position)

    async def delete(self, request: Request[DeleteServiceAccount]) -> Result[ServiceAccountRow]:
        """Delete a service account; its key works no more."""
        command = request.message

        async def attempt(unit: Unit) -> str:
            loaded = await unit.load(CREDENTIAL, command.credential_id)
            if not isinstance(loaded.state, credential.Live):
                who = await asker(unit)
                unit.require("system.serviceAccounts.delete", principal=who)  # others learn nothing of what exists
            entity = credential.live(loaded.state).entity
            await require(unit, _permission(entity, "delete"), entity)
            delete(unit, loaded, command.credential_id, now=command.now)
            return loaded.stream

        committed = await self.kit.running.commands.run(request, attempt)
        return Result(service_account_row(primary(committed)), committed.stream, committed.position)


def key_claim(digest: str, stream: str) -> Claim:
    """Return the claim by which a key is found; it is held for as long as the key works."""
    return Claim(KEY, digest, stream)


def delete(unit: Unit, loaded: Loaded[Credential], credential_id: CredentialId, *, now: datetime) -> None:
    """Delete a service account in the entry of a command."""
    state = credential.live(loaded.state)
    unit.append(loaded, CREDENTIAL.decide(credential.Delete(credential_id=credential_id, now=now), state))
    unit.release(key_claim(state.key_digest, loaded.stream))


def _creation(command: CreateServiceAccount) -> credential.Create:
    if not _ENTITY.fullmatch(command.entity):
        raise Invalid("a service account is on the system or on a workspace", rule=Rule.ROLE_ENTITY_MISMATCH)
    if not _KEY.fullmatch(command.key):
        raise Invalid("a key has 32 hexadecimal digits in lower case")
    return credential.Create(
        credential_id=command.credential_id,
        label=texts.label(command.label),
        category=texts.short_text("category", command.category),
        entity=command.entity,
        role=command.role or DEFAULT_ROLE[entity_kind(command.entity)],
        key_digest=hashlib.sha256(command.key.encode()).hexdigest(),
        key_masked=command.key[:_SHOWN].ljust(len(command.key), "*"),
        now=command.now,
    )


def _granted(wish: credential.Create) -> Role | None:
    """Return the role whose permissions the maker must hold; none where the role does not fit and is refused anyway."""
    return wish.role if fits(wish.role, wish.entity) else None


def _permission(entity: str, action: str) -> str:
    return f"{entity_kind(entity)}.serviceAccounts.{action}"
