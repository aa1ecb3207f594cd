"""Asking from somewhere, and reading what identity's audit says of it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from services.identity.contract import OpenOrigins, SealOrigin
from shared.audit.messages import Audit, AuditPage, AuditRow
from shared.auth import ANONYMOUS, Origin, Principal
from shared.bus.context import Context
from shared.messages import Ask
from tests.integration.bus import until
from tests.integration.identity.service import PATIENCE, Identity, Somebody

HOME = Origin(address="192.0.2.17", agent="curl/8")


async def ask_from(
    identity: Identity, message: Ask[Any], asker: Principal = ANONYMOUS, *, origin: Origin = HOME
) -> Any:
    """Ask as the gateway does for a client at `origin`."""
    context = replace(Context.first(asker, patience=PATIENCE), origin=origin)
    if asker.subject:
        seal = (await identity.gateway.ask(SealOrigin(), replace(context, message_id=uuid4()))).value.seal
        context = replace(context, origin_seal=seal)
    answered = await identity.gateway.ask(message, context)
    if answered.position:
        await identity.shown(answered.position)
    return answered.value


async def audit(identity: Identity, reader: Somebody, **filters: Any) -> AuditPage:
    context = Context.first(reader.now, patience=PATIENCE)
    return (await identity.gateway.ask(Audit(**filters), context, to="identity")).value


async def refused(identity: Identity, number: int) -> Sequence[AuditRow]:
    """Return the refusals, newest first, once there are `number`."""

    async def there() -> bool:
        return len(await identity.fetch("select 1 from refusals")) >= number

    await until(there)
    found = await identity.fetch("select *, 'refused' as outcome from refusals order by time desc, id desc")
    return [AuditRow.model_validate(dict(row)) for row in found]


async def origins(identity: Identity, reader: Somebody, rows: Sequence[AuditRow]) -> Sequence[Origin | None]:
    return (await identity.ask(OpenOrigins(seals=tuple(row.origin_seal for row in rows)), reader.now)).origins
