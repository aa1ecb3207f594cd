"""Service accounts; their keys are made here and shown once."""

import hashlib
import hmac
import secrets
from typing import Any, Final

from ariadne import MutationType, QueryType

from services.gateway.context import Info
from services.gateway.credentials import bare_token
from services.gateway.paging import all_rows
from services.gateway.resolvers.arguments import checked, required
from services.gateway.resolvers.views import shown_account
from services.identity.contract import (
    CreateServiceAccount,
    CredentialId,
    DeleteServiceAccount,
    Role,
    Rule,
    ServiceAccounts,
)
from shared.auth import SYSTEM
from shared.errors import Invalid

KEY_BYTES: Final = 16

query: Final = QueryType()
mutation: Final = MutationType()

BINDABLES: Final = [query, mutation]


@query.field("serviceAccounts")
async def resolve_service_accounts(
    _: object,
    info: Info,
    *,
    api_key: str | None = None,
    service_account_uuid: str | None = None,
    entity_type: str | None = None,
    entity_uuid: str | None = None,
) -> list[dict[str, Any]]:
    """Return service accounts by key, by id, or of an entity."""
    wanted: dict[str, Any]
    if api_key:
        wanted = {"key_digest": digest(bare_token(api_key))}
    elif service_account_uuid:
        wanted = {"ids": (CredentialId(service_account_uuid),)}
    else:
        wanted = {"entities": (entity(entity_type, entity_uuid),)}
    context = info.context
    rows = await all_rows(lambda after: context.ask(ServiceAccounts(**wanted, after_id=after)), field="serviceAccounts")
    return [shown_account(row) for row in rows]


@mutation.field("createServiceAccount")
async def resolve_create(
    _: object,
    info: Info,
    *,
    label: str,
    entity_type: str,
    category: str | None = None,
    entity_uuid: str | None = None,
    role: str | None = None,
) -> dict[str, Any]:
    """Create a service account; its key is shown only if identity stored the digest of this very key."""
    key = secrets.token_hex(KEY_BYTES)
    with checked():
        command = CreateServiceAccount(
            label=label,
            category=category or "",
            entity=entity(entity_type, entity_uuid),
            role=Role(role) if role else None,
            key=key,
        )
    row = await info.context.send(info, command)
    ours = hmac.compare_digest(digest(key), row.key_digest)
    return shown_account(row, key=key if ours else None)


@mutation.field("deleteServiceAccount")
async def resolve_delete(_: object, info: Info, *, service_account_uuid: str) -> dict[str, Any]:
    """Delete a service account and return it as it was."""
    with checked():
        command = DeleteServiceAccount(credential_id=CredentialId(required("serviceAccountUuid", service_account_uuid)))
    return shown_account(await info.context.send(info, command))


def entity(entity_type: str | None, entity_id: str | None) -> str:
    """Return the entity of the two arguments; that of SYSTEM needs no id."""
    kind = required("entityType", entity_type)
    if kind == "USER":
        raise Invalid("a service account can't be bound to a user", rule=Rule.ROLE_ENTITY_MISMATCH)
    return SYSTEM if kind == "SYSTEM" else f"{kind.lower()}:{required('entity_uuid', entity_id)}"


def digest(key: str) -> str:
    """Return what identity stores of a key: its SHA-256 in hex."""
    return hashlib.sha256(key.encode()).hexdigest()
