"""Visits: a person's browser is let in to one deployment's Airflow."""

from dataclasses import dataclass
from typing import cast

from services.identity.contract import BeginVisit, VisitBegan, VisitRow
from services.identity.domain.session import Open
from services.identity.domain.user import Active
from services.identity.domain.visit import Begin
from services.identity.handlers.kit import Kit
from services.identity.handlers.sessions import act_as
from services.identity.handlers.streams import SESSION, USER, VISIT
from services.identity.secrets.tokens import Audience, Claims
from shared.bus.request import Request, Result
from shared.commands import Unit
from shared.errors import Unauthenticated


@dataclass(frozen=True, slots=True)
class Visits:
    """What answers BeginVisit."""

    kit: Kit

    async def begin(self, request: Request[BeginVisit]) -> Result[VisitRow]:
        """Begin the visit that a pass is for; a repeat of the command gets the same token, another one nothing."""
        claims = await self.kit.tokens.read_visit(request.message.pass_token, Audience.PASS)
        session = claims.session

        async def attempt(unit: Unit) -> str:
            await self._require_open(unit, session)
            loaded = await unit.load(VISIT, claims.visit_id)
            wish = Begin(
                visit_id=claims.visit_id,
                session_id=session.session_id,
                user_id=session.user_id,
                deployment_id=claims.deployment_id,
                key_id=session.key_id,
                generation=session.generation,
                session_expires_at=claims.session_expires_at,
                now=request.message.now,
            )
            unit.append(loaded, VISIT.decide(wish, loaded.state))
            await act_as(unit, self.kit, session.user_id, session_id=session.session_id)
            return loaded.stream

        committed = await self.kit.running.commands.run(request, attempt)
        began = cast("VisitBegan", committed.histories[committed.stream][0].event)
        return Result(await self.kit.tokens.mint_visit(began), committed.stream, committed.position)

    async def _require_open(self, unit: Unit, claims: Claims) -> None:
        session = (await unit.load(SESSION, claims.session_id)).state
        user = (await unit.load(USER, claims.user_id)).state
        if not (isinstance(session, Open) and isinstance(user, Active)):
            raise Unauthenticated("the session has ended")
        if user.session_generation != claims.generation:
            raise Unauthenticated("all sessions of its time have ended")
