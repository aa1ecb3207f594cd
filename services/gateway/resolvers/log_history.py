"""The lines of a deployment that are kept."""

from datetime import datetime
from typing import Any, Final

from ariadne import QueryType

from services.deployments.contract import DeploymentId, DeploymentLines
from services.gateway.context import Info
from services.gateway.logs.lines import KeptLine, kept_line_of
from services.gateway.logs.places import read_place
from services.gateway.resolvers.arguments import checked, required
from shared.messages import MOST_ROWS

MOST_LINES: Final = 800

query: Final = QueryType()

BINDABLES: Final = [query]


@query.field("logs")
@query.field("deploymentLogs")
async def resolve_logs(
    _: object,
    info: Info,
    *,
    deployment_uuid: str,
    component: str | None = None,
    timestamp: datetime | None = None,
    search: str | None = None,
    before: str | None = None,
) -> list[KeptLine]:
    """Return the newest lines that are asked for, oldest first."""
    with checked():
        question = DeploymentLines(
            deployment_id=DeploymentId(required("deploymentUuid", deployment_uuid)),
            component=component or "",
            after=timestamp,
            search=search or "",
            before=read_place(before) if before else None,
        )
    found: list[KeptLine] = []
    more = True
    while more and len(found) < MOST_LINES:
        page: dict[str, Any] = {"limit": min(MOST_ROWS, MOST_LINES - len(found))}
        answer = await info.context.ask(question.model_copy(update=page))
        found += [kept_line_of(row, answer.release_name) for row in answer.lines]
        more = answer.more
        if answer.lines:
            question = question.model_copy(update={"before": answer.lines[-1].place})
    return found[::-1]
