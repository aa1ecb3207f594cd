"""The way to the web pages of an Airflow."""

from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from ariadne import MutationType

from services.deployments.contract import DeploymentId, FindDoor
from services.gateway.airflow.door import ENTER, MOST_PATH
from services.gateway.context import Info
from services.gateway.resolvers.arguments import required
from services.identity.contract import IssuePass
from shared.errors import Invalid

mutation: Final = MutationType()

BINDABLES: Final = [mutation]


@mutation.field("openAirflow")
async def resolve_open(
    _: object,
    info: Info,
    *,
    deployment_uuid: str | None = None,
    release_name: str | None = None,
    path: str | None = None,
) -> dict[str, str | datetime]:
    """Return an address that lets one browser in."""
    context = info.context
    if not deployment_uuid:
        release_name = required("releaseName", release_name)
    if path and (not path.startswith("/") or len(path) > MOST_PATH):
        raise Invalid(f"path must begin with / and have at most {MOST_PATH} characters")
    door = await context.ask(
        FindDoor(release_name=release_name or "", deployment_id=DeploymentId(deployment_uuid or "") or None)
    )
    outside = context.asking.platform.doors.url_of(door.release_name)
    if not outside:
        raise Invalid("the Airflows of this installation have no address: set AERODROME_AIRFLOW_URL or _BASE_DOMAIN")
    issued = await context.ask(IssuePass(deployment_id=door.deployment_id))
    asked = urlencode({"pass": issued.token, "path": path or "/"})
    return {"url": f"{outside}{ENTER}?{asked}", "expires_at": issued.expires_at}
