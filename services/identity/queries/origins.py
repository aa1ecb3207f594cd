"""What answers the questions about from where something was asked."""

from dataclasses import dataclass

from services.identity.contract import OpenedOrigins, OpenOrigins, SealedOrigin, SealOrigin
from services.identity.handlers.kit import Kit
from services.identity.queries.seeing import asker_of
from shared.audit.queries import require_reader
from shared.auth import PrincipalKind
from shared.bus.request import Request, Result


@dataclass(frozen=True, slots=True)
class OriginQueries:
    """Seals and opens origins."""

    kit: Kit

    async def seal(self, request: Request[SealOrigin]) -> Result[SealedOrigin]:
        """Seal where the message came from under the key of the person or the service account that sent it."""
        asker = request.context.principal
        if asker.kind not in {PrincipalKind.USER, PrincipalKind.SERVICE_ACCOUNT}:
            return Result(SealedOrigin())
        return Result(SealedOrigin(seal=await self.kit.origins.seal(asker.subject, request.context.origin)))

    async def open(self, request: Request[OpenOrigins]) -> Result[OpenedOrigins]:
        """Open seals for who may read the audit."""
        asked = request.message
        require_reader(await asker_of(request.context, self.kit), asked.workspace_id)
        opened = await self.kit.origins.open(asked.seals)
        return Result(OpenedOrigins(origins=tuple(opened.get(seal) for seal in asked.seals)))
