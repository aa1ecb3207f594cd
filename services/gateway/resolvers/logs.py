"""The live lines of a deployment."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import datetime
from typing import Any, Final

from ariadne import SubscriptionType

from services.deployments.contract import AuthorizeLogs, DeploymentId
from services.gateway.context import Info, RequestContext
from services.gateway.events import SharedEvent, SharedEvents
from services.gateway.logs.follow import follow
from services.gateway.logs.groups import farewell_event
from services.gateway.logs.permitted import permitted
from services.gateway.logs.wanted import Wanted
from services.gateway.resolvers.arguments import checked, required
from shared.clock import utc_now

SHORTEST_MS: Final = 100
LONGEST_MS: Final = 60_000
DEFAULT_MS: Final = 1_000

subscription: Final = SubscriptionType()

BINDABLES: Final = [subscription]


@subscription.source("deploymentLogStream")  # type: ignore[arg-type]  # it may be a coroutine: what is refused never starts
async def stream_lines(
    _: object,
    info: Info,
    *,
    deployment_uuid: str | None = None,
    component: str | None = None,
    interval: int | None = None,
    timestamp: datetime | None = None,
    search: str | None = None,
) -> AsyncIterator[SharedEvents]:
    """Return the stream of a deployment's new lines, as lists; asked again while it runs whether it may be read."""
    interval_ms = min(max(interval or DEFAULT_MS, SHORTEST_MS), LONGEST_MS)
    return await _lines(info.context, deployment_uuid, component, timestamp, search, interval_ms=interval_ms)


@subscription.source("log")  # type: ignore[arg-type]  # as above
async def stream_line_by_line(
    _: object,
    info: Info,
    *,
    deployment_uuid: str,
    component: str | None = None,
    timestamp: datetime | None = None,
    search: str | None = None,
) -> AsyncIterator[SharedEvents]:
    """Return the stream of a deployment's new lines, one by one."""
    return await _lines(info.context, deployment_uuid, component, timestamp, search, interval_ms=None)


@subscription.field("deploymentLogStream")
@subscription.field("log")
def resolve_lines(lines: Any, _: Info, **_arguments: Any) -> Any:
    """Return what one frame shows."""
    return lines


async def _lines(
    context: RequestContext,
    deployment_uuid: str | None,
    component: str | None,
    timestamp: datetime | None,
    search: str | None,
    *,
    interval_ms: int | None,
) -> AsyncGenerator[SharedEvents]:
    """Return the stream of lines, as lists each interval or, without one, one by one."""
    with checked():
        question = AuthorizeLogs(deployment_id=DeploymentId(required("deploymentUuid", deployment_uuid)))
    row = await context.ask(question)
    wanted = Wanted(
        deployment_id=row.id,
        release=row.release_name,
        component=component or "",
        since=timestamp or utc_now(),
        search=search or "",
        interval_s=(interval_ms or SHORTEST_MS) / 1_000,
        one_by_one=interval_ms is None,
    )
    shown: list[SharedEvent] = []
    context.last_event = lambda why: farewell_event(wanted, why, shown=shown)
    return _followed(context, question, wanted, shown)


async def _followed(
    context: RequestContext, question: AuthorizeLogs, wanted: Wanted, shown: list[SharedEvent]
) -> AsyncGenerator[SharedEvents]:
    """Yield the events; `shown` holds the last one that was surely sent."""
    with permitted(context, question) as permit:
        async with aclosing(follow(context.bus, context.asking.live.tails, wanted, permit)) as events:
            async for event in events:
                yield event
                shown[:] = event.last or shown
