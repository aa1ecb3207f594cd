"""The audit: one list over all services."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ariadne import ObjectType, QueryType

from services.gateway.audit import SERVICES, Found, merge, read_cursor, write_cursor
from services.gateway.context import Info
from services.gateway.resolvers.arguments import checked
from services.gateway.resolvers.views import Inviter
from services.identity.contract import OpenOrigins
from shared.audit.messages import Audit, AuditRow
from shared.auth import NOWHERE, Origin, PrincipalKind

query: Final = QueryType()
actor: Final = ObjectType("AuditActor")

BINDABLES: Final = [query, actor]

_FIELDS: Final = {
    "workspace_uuid": "workspace_id",
    "actor": "actor",
    "action": "action",
    "target": "target_id",
    "outcome": "outcome",
    "since": "since",
    "until": "until",
    "take": "limit",
}
"""The arguments and the fields of Audit that they become."""


@query.field("auditLog")
async def resolve_audit_log(_: object, info: Info, **sent: Any) -> dict[str, Any]:
    """Return one page of the audit; a service that is away is an error, for its records would be missing silently."""
    asked = _question(sent)
    pages = await asyncio.gather(*(info.context.ask(asked, to=service) for service in SERVICES))
    merged = merge(dict(zip(SERVICES, pages, strict=True)), take=asked.limit)
    return {
        "records": await _with_origins(info, merged.records, asked.workspace_id),
        "cursor": write_cursor(merged.before),
    }


@actor.field("id")
def resolve_actor_id(row: AuditRow | Inviter, _: Info) -> str | None:
    """Return who acted."""
    return row.subject or None


@actor.field("label")
async def resolve_label(row: AuditRow | Inviter, info: Info) -> str | None:
    """Return the name of a person whom the asker may see, or of a service."""
    match row.kind:
        case PrincipalKind.USER:
            user = await info.context.loaders.users.load(row.subject)
            return user.username if user else None
        case PrincipalKind.SERVICE:
            return row.subject
        case _:
            return None


def _question(sent: Mapping[str, Any]) -> Audit:
    wanted = {field: sent[name] for name, field in _FIELDS.items() if sent.get(name) not in {None, ""}}
    with checked(limit="take", target_id="target", workspace_id="workspaceUuid"):
        return Audit(**wanted, before=read_cursor(sent.get("cursor")))


async def _with_origins(info: Info, found: Sequence[Found], workspace_id: str) -> list[dict[str, Any]]:
    """Return the records as they are shown, with from where they came as far as that is not forgotten."""
    seals = tuple(dict.fromkeys(each.row.origin_seal for each in found if each.row.origin_seal))
    opened: dict[str, Origin | None] = {}
    if seals:
        answer = await info.context.ask(OpenOrigins(seals=seals, workspace_id=workspace_id))
        opened = dict(zip(seals, answer.origins, strict=True))
    return [_shown(each, opened.get(each.row.origin_seal) or NOWHERE) for each in found]


def _shown(found: Found, origin: Origin) -> dict[str, Any]:
    row = found.row
    return {
        "id": row.id,
        "time": row.time,
        "service": found.service,
        "action": row.action,
        "outcome": row.outcome,
        "rule": row.rule or row.code or None,
        "actor": row,
        "credential": row.credential or None,
        "role": row.role or None,
        "target_kind": row.target_kind or None,
        "target": row.target_id or None,
        "workspace": row.workspace_id or None,
        "address": origin.address or None,
        "agent": origin.agent or None,
        "source": row.source or None,
        "request_id": row.correlation_id,
    }
