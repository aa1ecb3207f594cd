"""The question for a pass."""

from dataclasses import dataclass

from services.identity.contract import IssuePass, PassRow, SessionStarted, new_visit_id
from services.identity.domain.session import Open
from services.identity.handlers.kit import Kit
from services.identity.handlers.streams import SESSION, state_of
from shared.auth import PrincipalKind
from shared.bus.request import Request, Result
from shared.clock import utc_now
from shared.errors import Forbidden, Unauthenticated


@dataclass(frozen=True, slots=True)
class Passes:
    """What answers IssuePass."""

    kit: Kit

    async def issue(self, request: Request[IssuePass]) -> Result[PassRow]:
        """Return a fresh pass for the session that asks."""
        asker = request.context.principal
        if asker.kind is PrincipalKind.ANONYMOUS:
            raise Unauthenticated("no valid credential was sent")
        if asker.kind is not PrincipalKind.USER:
            raise Forbidden("a pass is for the browser of a person")
        history = await self.kit.running.store.read_stream(SESSION.stream(asker.credential))
        if not isinstance(state_of(SESSION, history), Open):
            raise Unauthenticated("the session has ended")
        started = history[0].event
        if not isinstance(started, SessionStarted) or started.user_id != asker.subject:
            raise Unauthenticated("the session is another's")
        issued = await self.kit.tokens.issue_pass(
            started, visit_id=new_visit_id(), deployment_id=request.message.deployment_id, now=utc_now()
        )
        return Result(issued)
