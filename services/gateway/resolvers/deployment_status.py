"""How a deployment is, told whenever that changes."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any, Final

from ariadne import SubscriptionType

from services.deployments.contract import DeploymentId, DeploymentRow, Deployments, State
from services.gateway.context import Info
from services.gateway.logs.permit import REAUTHORIZE_S
from services.gateway.resolvers.arguments import required
from services.gateway.resolvers.deployments import named_deployment
from shared.errors import Unavailable

LOOK_S: Final = 0.75

subscription: Final = SubscriptionType()

BINDABLES: Final = [subscription]


@subscription.source("deploymentStatus")  # type: ignore[arg-type]  # it may be a coroutine: what is refused never starts
async def stream_status(_: object, info: Info, *, release_name: str) -> AsyncIterator[DeploymentRow]:
    """Return the stream of a deployment's row as it is and then whenever its state is another."""
    return _follow(info, await named_deployment(info, required("releaseName", release_name)))


@subscription.field("deploymentStatus")
def resolve_status(row: DeploymentRow, _: Info, **__: Any) -> Mapping[str, Any]:
    """Return one sample as Prometheus would, for readers of 2019: 1 while it is up and well, else 0."""
    value = "1" if row.state is State.HEALTHY else "0"
    metric = {"deployment": row.release_name, "status": row.status, "state": row.state}
    return {"result": [{"metric": metric, "value": [int(time.time()), value]}]}


async def _follow(info: Info, row: DeploymentRow) -> AsyncGenerator[DeploymentRow]:
    """Yield the row when its state is another, until the deployment is gone or may not be seen any more."""
    context = info.context
    told: State | None = None
    asked_at, known = time.monotonic(), context.news()
    question = Deployments(ids=(DeploymentId(row.id),))
    while True:
        if row.state is not told:
            told = row.state
            yield row
        await asyncio.sleep(LOOK_S)
        if (heard := context.news()) != known or time.monotonic() - asked_at >= REAUTHORIZE_S:
            context.forget_caller()
            asked_at, known = time.monotonic(), heard
        try:
            rows = (await context.ask(question)).rows
        except Unavailable:
            continue
        if not rows:
            return
        row = rows[0]
