"""The door for live lines: `GET /v1/deployments/{id}/logs`, server-sent events that a client can go on from."""

import logging
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from aiohttp import web

from services.deployments.contract import (
    AuthorizeLogs,
    Component,
    DeploymentId,
    DeploymentRow,
    Deployments,
    component_named,
)
from services.gateway.context import Asking, RequestContext
from services.gateway.http import HEADERS
from services.gateway.logs.cursor import OLDEST, Cursor, read_cursor
from services.gateway.logs.events import Events
from services.gateway.logs.flow import flow
from services.gateway.logs.permitted import permitted
from services.gateway.logs.since import read_since
from services.gateway.logs.wanted import Wanted
from services.gateway.metrics import LOG_STREAMS
from services.gateway.origins import Origins
from services.gateway.resolvers.arguments import checked
from services.gateway.rest import refused_for, try_again
from services.gateway.work import Work
from shared.bus.client import Bus
from shared.clock import utc_now
from shared.errors import AerodromeError, Invalid, NotFound

log: Final = logging.getLogger(__name__)

PATH: Final = "/v1/deployments/{id}/logs"
MOST_STREAMS: Final = 500

COMPLETE: Final = ("complete", "These were all lines that there are")
ENDS: Final[Mapping[str, str]] = {
    "not_found": "The deployment was deleted, or you may not see it any more",
    "forbidden": "You may not read these lines any more",
    "unauthenticated": "Your credential is not valid any more",
    "unavailable": "The lines can't be read right now",
}
"""What a viewer is told of the end of its stream, by the code of an error."""

NewContext = Callable[[Asking], RequestContext]


@dataclass(frozen=True, slots=True)
class _Asked:
    question: AuthorizeLogs
    wanted: Wanted
    start: Cursor
    live: bool


@dataclass(slots=True)
class LogDoor:
    """Shows lines to a bounded number of viewers; the credential stands in a header, never in a cookie."""

    bus: Bus
    origins: Origins
    asking: Callable[[web.Request], Asking]
    context: NewContext
    _work: Work = field(default_factory=lambda: Work(most=MOST_STREAMS))
    _leaving: bool = False

    async def get(self, request: web.Request) -> web.StreamResponse:
        """Show a deployment's lines behind `Last-Event-ID`, or from `since` on, until either side ends it.

        What is refused before the stream is refused in GraphQL's form, never with 401 or 403. A stream that the gateway
        ends has a last event `end` that says why, unless the gateway goes away.
        """
        context = self.context(self.asking(request))
        with self._work.place(context.asking.origin.site) as admitted:
            if not admitted:
                return try_again()
            try:
                asked = await _asked(request, context)
            except AerodromeError as error:
                return refused_for(error)
            with LOG_STREAMS.track_inprogress():
                return await self._stream(request, asked, context)

    def leave(self) -> None:
        """Have every stream end because the process ends; their viewers come back to another one."""
        self._leaving = True

    async def _stream(self, request: web.Request, asked: _Asked, context: RequestContext) -> web.StreamResponse:
        response = web.StreamResponse(headers={**HEADERS, **Events.HEADERS})
        self.origins.mark(request, response)
        try:
            await response.prepare(request)
            events = Events(request, response)
            await events.begin(asked.start)
            why = await self._show(asked, context, events)
            if why:
                await events.end(*why)
            await response.write_eof()
        except ConnectionResetError:
            log.debug("the viewer of a log stream is gone")
        return response

    async def _show(self, asked: _Asked, context: RequestContext, events: Events) -> tuple[str, str] | None:
        """Show lines; return why there are no more, None where the viewer or the gateway leaves."""
        tails = context.asking.live.tails
        try:
            with permitted(context, asked.question) as permit:
                async with aclosing(flow(self.bus, tails, asked.wanted, asked.start, permit, live=asked.live)) as steps:
                    async for step in steps:
                        if self._leaving or events.gone:
                            return None
                        await events.show(step)
        except AerodromeError as error:
            return error.code, ENDS.get(error.code, error.text)
        return COMPLETE


async def _asked(request: web.Request, context: RequestContext) -> _Asked:
    """Return what a request asks for; raises what refuses it."""
    await context.signed_in_caller()
    query = request.query
    component = query.get("component", "")
    if component and component_named(component) is None:
        raise Invalid(f"component must be one of {', '.join(Component)}")
    live = _switch("follow", query.get("follow", "true"))
    came_from = request.headers.get("Last-Event-ID", "")
    start = read_cursor(came_from) if came_from else Cursor(_since(query.get("since", ""), live=live))
    question, row = await _deployment(context, request.match_info["id"])
    wanted = Wanted(row.id, row.release_name, component, start.since, query.get("search", ""))
    return _Asked(question, wanted, start, live)


def _since(text: str, *, live: bool) -> datetime:
    if text:
        return read_since(text, now=utc_now())
    return utc_now() if live else OLDEST


def _switch(name: str, text: str) -> bool:
    if text not in {"true", "false"}:
        raise Invalid(f"{name} must be true or false")
    return text == "true"


async def _deployment(context: RequestContext, name: str) -> tuple[AuthorizeLogs, DeploymentRow]:
    """Return the deployment of this id, or of this release name, and what asks whether its lines may be read."""
    with checked():
        question, by_name = AuthorizeLogs(deployment_id=DeploymentId(name)), Deployments(release_name=name)
    try:
        return question, await context.ask(question)
    except NotFound:
        rows = (await context.ask(by_name)).rows
        if not rows:
            raise
    question = AuthorizeLogs(deployment_id=rows[0].id)
    return question, await context.ask(question)
