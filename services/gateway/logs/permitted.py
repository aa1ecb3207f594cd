"""The permit by which the caller of a request reads a deployment's lines."""

from contextlib import AbstractContextManager
from datetime import datetime

from services.deployments.contract import AuthorizeLogs
from services.gateway.callers import Watch
from services.gateway.context import RequestContext
from services.gateway.logs.permit import Call, Permit


def permitted(context: RequestContext, question: AuthorizeLogs) -> AbstractContextManager[Permit]:
    """Give the permit that all viewers of this deployment with this credential share while the block runs."""
    asking = context.asking
    return asking.live.permits.hold(question.deployment_id, asking.token, _Caller(context, question))


class _Caller:
    """Asks in the name of one credential, and hears what identity says of its holder."""

    def __init__(self, context: RequestContext, question: AuthorizeLogs) -> None:
        self._context = context
        self._question = question
        self._watch: Watch | None = None

    async def ask(self, hear: Call) -> datetime | None:
        """Ask afresh who it is and whether they may."""
        context = RequestContext(self._context.bus, self._context.callers, self._context.asking)
        caller = await context.caller()
        if self._watch is None or self._watch.streams != caller.streams:
            self.end()
            self._watch = context.callers.watch(caller.streams, hear)
        await context.ask(self._question)
        return caller.expires_at

    def end(self) -> None:
        """Hear no more."""
        if self._watch is not None:
            self._context.callers.unwatch(self._watch)
            self._watch = None
