"""Service accounts; their keys are made here and shown once."""

import hashlib
import hmac
import secrets
from typing import Any, Final

from ariadne import MutationType, QueryType

from services.gateway.context import Info
from services.gateway.credentials import bare_token
from services.gateway.paging import all_rows
from services.gateway.resolvers.arguments import checked, payload_of, required, role_in, text_in
from services.gateway.resolvers.views import shown_account
from services.identity.contract import (
    CreateServiceAccount,
    CredentialId,
    DeleteServiceAccount,
    Role,
    Rule,
    ServiceAccounts,
    UpdateServiceAccount,
    entity_kind,
)
from shared.auth import SYSTEM
from shared.errors import Invalid, NotFound

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


@query.field("workspaceServiceAccounts")
async def resolve_of_workspace(_: object, info: Info, *, workspace_uuid: str) -> list[dict[str, Any]]:
    """Return the service accounts of a workspace."""
    return await _listed(info, "workspaceServiceAccounts", (entity("WORKSPACE", workspace_uuid),))


@query.field("deploymentServiceAccounts")
async def resolve_of_deployment(_: object, info: Info, *, deployment_uuid: str) -> list[dict[str, Any]]:
    """Return the service accounts of a deployment."""
    return await _listed(info, "deploymentServiceAccounts", (entity("DEPLOYMENT", deployment_uuid),))


@query.field("workspaceServiceAccount")
async def resolve_one_of_workspace(_: object, info: Info, *, service_account_uuid: str) -> dict[str, Any]:
    """Return a service account that is on a workspace."""
    return await _one(info, service_account_uuid, kind="workspace")


@query.field("deploymentServiceAccount")
async def resolve_one_of_deployment(_: object, info: Info, *, service_account_uuid: str) -> dict[str, Any]:
    """Return a service account that is on a deployment."""
    return await _one(info, service_account_uuid, kind="deployment")


@mutation.field("createServiceAccount")
async def resolve_create(
    _: object, info: Info, *, entity_type: str, entity_uuid: str | None = None, **sent: Any
) -> dict[str, Any]:
    """Create a service account."""
    return await _create(info, entity(entity_type, entity_uuid), sent)


@mutation.field("createSystemServiceAccount")
async def resolve_create_on_system(_: object, info: Info, **sent: Any) -> dict[str, Any]:
    """Create a service account on the system."""
    return await _create(info, SYSTEM, sent)


@mutation.field("createWorkspaceServiceAccount")
async def resolve_create_on_workspace(_: object, info: Info, *, workspace_uuid: str, **sent: Any) -> dict[str, Any]:
    """Create a service account on a workspace."""
    return await _create(info, entity("WORKSPACE", workspace_uuid), sent)


@mutation.field("createDeploymentServiceAccount")
async def resolve_create_on_deployment(_: object, info: Info, *, deployment_uuid: str, **sent: Any) -> dict[str, Any]:
    """Create a service account on a deployment."""
    return await _create(info, entity("DEPLOYMENT", deployment_uuid), sent)


@mutation.field("updateServiceAccount")
async def resolve_update(_: object, info: Info, *, service_account_uuid: str, payload: Any) -> dict[str, Any]:
    """Change label, category or role of a service account."""
    return await _update(info, service_account_uuid, payload)


@mutation.field("updateWorkspaceServiceAccount")
async def resolve_update_on_workspace(
    _: object, info: Info, *, service_account_uuid: str, workspace_uuid: str, payload: Any
) -> dict[str, Any]:
    """Change a service account of this workspace."""
    return await _update(info, service_account_uuid, payload, on=entity("WORKSPACE", workspace_uuid))


@mutation.field("updateDeploymentServiceAccount")
async def resolve_update_on_deployment(
    _: object, info: Info, *, service_account_uuid: str, deployment_uuid: str, payload: Any
) -> dict[str, Any]:
    """Change a service account of this deployment."""
    return await _update(info, service_account_uuid, payload, on=entity("DEPLOYMENT", deployment_uuid))


@mutation.field("deleteServiceAccount")
async def resolve_delete(_: object, info: Info, *, service_account_uuid: str) -> dict[str, Any]:
    """Delete a service account and return it as it was."""
    return await _delete(info, service_account_uuid)


@mutation.field("deleteSystemServiceAccount")
async def resolve_delete_on_system(_: object, info: Info, *, service_account_uuid: str) -> dict[str, Any]:
    """Delete a service account of the system."""
    return await _delete(info, service_account_uuid, on=SYSTEM)


@mutation.field("deleteWorkspaceServiceAccount")
async def resolve_delete_on_workspace(
    _: object, info: Info, *, service_account_uuid: str, workspace_uuid: str
) -> dict[str, Any]:
    """Delete a service account of this workspace."""
    return await _delete(info, service_account_uuid, on=entity("WORKSPACE", workspace_uuid))


@mutation.field("deleteDeploymentServiceAccount")
async def resolve_delete_on_deployment(
    _: object, info: Info, *, service_account_uuid: str, deployment_uuid: str
) -> dict[str, Any]:
    """Delete a service account of this deployment."""
    return await _delete(info, service_account_uuid, on=entity("DEPLOYMENT", deployment_uuid))


async def _create(info: Info, on: str, sent: dict[str, Any]) -> dict[str, Any]:
    """Create a service account; its key is shown only if identity stored the digest of this very key."""
    key, role = secrets.token_hex(KEY_BYTES), sent.get("role")
    with checked():
        command = CreateServiceAccount(
            label=sent["label"],
            category=sent.get("category") or "",
            entity=on,
            role=Role(role) if role else None,
            key=key,
        )
    row = await info.context.send(info, command)
    ours = hmac.compare_digest(digest(key), row.key_digest)
    return shown_account(row, key=key if ours else None)


async def _update(info: Info, id_: str, payload: Any, *, on: str = "") -> dict[str, Any]:
    wanted = payload_of(payload, "label", "category", "role")
    with checked():
        command = UpdateServiceAccount(
            credential_id=CredentialId(required("serviceAccountUuid", id_)),
            label=text_in(wanted, "label"),
            category=text_in(wanted, "category"),
            role=role_in(wanted, "role"),
            entity=on,
        )
    return shown_account(await info.context.send(info, command))


async def _delete(info: Info, id_: str, *, on: str = "") -> dict[str, Any]:
    with checked():
        command = DeleteServiceAccount(credential_id=CredentialId(required("serviceAccountUuid", id_)), entity=on)
    return shown_account(await info.context.send(info, command))


async def _listed(info: Info, field: str, entities: tuple[str, ...]) -> list[dict[str, Any]]:
    context = info.context
    rows = await all_rows(lambda after: context.ask(ServiceAccounts(entities=entities, after_id=after)), field=field)
    return [shown_account(row) for row in rows]


async def _one(info: Info, id_: str, *, kind: str) -> dict[str, Any]:
    wanted = CredentialId(required("serviceAccountUuid", id_))
    rows = (await info.context.ask(ServiceAccounts(ids=(wanted,)))).rows
    if not rows or entity_kind(rows[0].entity) != kind:
        raise NotFound("there is no such service account")
    return shown_account(rows[0])


def entity(entity_type: str | None, entity_id: str | None) -> str:
    """Return the entity of the two arguments; that of SYSTEM needs no id."""
    kind = required("entityType", entity_type)
    if kind == "USER":
        raise Invalid("a service account can't be bound to a user", rule=Rule.ROLE_ENTITY_MISMATCH)
    return SYSTEM if kind == "SYSTEM" else f"{kind.lower()}:{required('entityUuid', entity_id)}"


def digest(key: str) -> str:
    """Return what identity stores of a key: its SHA-256 in hex."""
    return hashlib.sha256(key.encode()).hexdigest()
