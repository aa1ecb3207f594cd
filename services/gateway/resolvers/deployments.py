"""Deployments: how they are found and what they show."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ariadne import ObjectType, QueryType
from pydantic.alias_generators import to_snake

from services.deployments.contract import (
    ConfigurationRow,
    DeploymentConfiguration,
    DeploymentId,
    DeploymentRow,
    Deployments,
    VariableRow,
    WorkspaceId,
    cli_number,
)
from services.gateway.context import Info
from services.gateway.paging import MOST_LISTED, all_rows, page_size
from services.gateway.resolvers.arguments import mapping, required
from services.gateway.resolvers.views import Binding, binding_of_account, binding_of_holder, binding_of_team, shown
from shared.auth import deployment as entity_of
from shared.auth import workspace as workspace_of
from shared.errors import Invalid, NotFound

query: Final = QueryType()
deployment: Final = ObjectType("Deployment")

BINDABLES: Final = [query, deployment]

PUSH: Final = "deployment.images.push"
UPDATE_ANY: Final = "system.deployments.update"
_NEVER_SHOWN: Final = frozenset({"sshKey", "knownHosts"})

deployment.set_alias("uuid", "id")


@query.field("deployments")
async def resolve_deployments(
    _: object,
    info: Info,
    *,
    deployment_uuid: str | None = None,
    workspace_uuid: str | None = None,
    release_name: str | None = None,
) -> list[DeploymentRow]:
    """Return deployments by the first argument that is given, or all that the caller may see."""
    wanted: dict[str, Any] = {}
    if deployment_uuid:
        wanted = {"ids": (DeploymentId(deployment_uuid),), "strict": True}
    elif workspace_uuid:
        wanted = {"workspace_ids": (WorkspaceId(workspace_uuid),), "strict": True}
    elif release_name:
        wanted = {"release_name": release_name}
    return await _listed(info, "deployments", **wanted)


@query.field("deployment")
async def resolve_deployment(_: object, info: Info, *, where: Any = None) -> DeploymentRow:
    """Return the deployment with this id or release name."""
    wanted = mapping("where", where)
    if id_ := wanted.get("id"):
        (row,) = await _listed(info, "deployment", ids=(DeploymentId(id_),), strict=True)
        return row
    return await named_deployment(info, required("where", wanted.get("release_name")))


@query.field("workspaceDeployments")
async def resolve_of_workspace(
    _: object, info: Info, *, workspace_uuid: str, release_name: str | None = None
) -> list[DeploymentRow]:
    """Return the deployments of a workspace, all or the one with this release name."""
    id_ = WorkspaceId(required("workspaceUuid", workspace_uuid))
    rows = await _listed(info, "workspaceDeployments", workspace_ids=(id_,), strict=True)
    return [row for row in rows if row.release_name == release_name] if release_name else rows


@query.field("workspaceDeployment")
async def resolve_one_of_workspace(
    _: object, info: Info, *, workspace_uuid: str | None = None, release_name: str | None = None
) -> DeploymentRow:
    """Return the deployment of a workspace with this release name."""
    place = WorkspaceId(required("workspaceUuid", workspace_uuid))
    row = await named_deployment(info, required("releaseName", release_name))
    if row.workspace_id != place:
        raise NotFound("the deployment lives in another workspace")
    return row


@query.field("paginatedDeployments")
async def resolve_page(
    _: object,
    info: Info,
    *,
    take: int | None = None,
    name: str | None = None,
    cursor: str | None = None,
    page_number: int | None = None,
    cluster_id: str | None = None,
) -> list[DeploymentRow]:
    """Return a page of the deployments that the caller may see, by the order of their ids."""
    del cluster_id  # there is one cluster
    size = MOST_LISTED if take == -1 else page_size(take)
    if size < 0 or (page_number or 0) < 0:
        raise Invalid("deployments are paged forwards")
    rows = await _listed(info, "paginatedDeployments", after=cursor or "")
    found = [row for row in rows if row.label.lower().startswith((name or "").lower())]
    first = size * (page_number or 0)
    return found[first : first + size]


@query.field("deploymentConfig")
async def resolve_configuration(_: object, info: Info, **__: Any) -> ConfigurationRow:
    """Return what deployments may ask for."""
    return await _configuration(info)


@query.field("runtimeReleases")
async def resolve_runtime_releases(_: object, info: Info, **__: Any) -> Sequence[Mapping[str, Any]]:
    """Return the releases of Astro Runtime, of which none are offered, to whoever is signed in."""
    await _configuration(info)
    return ()


@deployment.field("roleBindings")
async def resolve_role_bindings(row: DeploymentRow, info: Info) -> list[Binding]:
    """Return the bindings on it of users, of service accounts and of teams."""
    loaders, entity = info.context.loaders, entity_of(row.id)
    asked = loaders.bindings_on.load(entity), loaders.service_accounts.load(entity), loaders.teams_on.load(entity)
    users, accounts, teams = await asked[0], await asked[1], await asked[2]
    return shown(
        [
            *(binding_of_holder(each) for each in users),
            *map(binding_of_account, accounts),
            *(binding_of_team(each, each.team_id) for each in teams),
        ]
    )


@deployment.field("deploymentCapabilities")
async def resolve_capabilities(row: DeploymentRow, info: Info) -> dict[str, bool]:
    """Return what the caller may do with it."""
    caller, places = await info.context.holder(), (entity_of(row.id), workspace_of(row.workspace_id))
    return {"can_deploy": caller.holds(PUSH, *places) or caller.holds(UPDATE_ANY)}


@deployment.field("workspace")
async def resolve_workspace(row: DeploymentRow, info: Info) -> Any:
    """Return the workspace that it lives in."""
    return await info.context.loaders.workspaces.load(row.workspace_id)


@deployment.field("env")
def resolve_env(row: DeploymentRow, _: Info) -> Sequence[Mapping[str, str]]:
    """Return the environment as the interface of 2019 did, without the values of secrets."""
    return [{"key": variable.key, "value": variable.value or ""} for variable in row.variables]


@deployment.field("environmentVariables")
@deployment.field("upsertedEnvironmentVariables")
def resolve_variables(row: DeploymentRow, _: Info) -> Sequence[Mapping[str, Any]]:
    """Return the environment, without the values of secrets."""
    return shown_variables(row.variables)


@deployment.field("dagDeployment")
def resolve_dag_deployment(row: DeploymentRow, _: Info) -> Mapping[str, Any]:
    """Return how DAG files come to it."""
    shown = {to_snake(key): value for key, value in row.dag_deployment.items() if key not in _NEVER_SHOWN}
    return {"type": "image", **shown}


@deployment.field("deployInfo")
def resolve_deploy_info(row: DeploymentRow, _: Info) -> Mapping[str, str | None]:
    """Return the tag of its image, the last that the command line made, and the next that it will."""
    images = row.config.get("images")
    airflow = images.get("airflow") if isinstance(images, Mapping) else None
    tag = airflow.get("tag") if isinstance(airflow, Mapping) else None
    following = f"cli-{cli_number(row.cli_tag) + 1}"
    return {
        "current": tag if isinstance(tag, str) else None,
        "latest": row.cli_tag or None,
        "next": following,
        "next_cli": following,
    }


@deployment.field("urls")
def resolve_urls(row: DeploymentRow, info: Info) -> Sequence[Mapping[str, str]]:
    """Return where its Airflow is reached and where its DAG files are sent, as far as this installation does either."""
    platform = info.context.asking.platform
    airflow = platform.doors.url_of(row.release_name)
    found = {
        "airflow": f"{airflow}/" if airflow else "",
        "dagserver": f"{platform.public_url}/v1/deployments/{row.id}/dags" if platform.takes_dags else "",
    }
    return [{"type": type_, "url": url} for type_, url in found.items() if url]


@deployment.field("dagBundles")
def resolve_bundles(row: DeploymentRow, _: Info) -> Sequence[Mapping[str, Any]]:
    """Return its bundles of DAG files."""
    return [{**bundle.model_dump(), "active": bundle.version == row.active_bundle} for bundle in row.bundles]


@deployment.field("deploymentConfig")
async def resolve_own_configuration(_: DeploymentRow, info: Info) -> ConfigurationRow:
    """Return what it may ask for."""
    return await _configuration(info)


async def named_deployment(info: Info, release_name: str) -> DeploymentRow:
    """Return the deployment with this release name; raise NotFound where the caller sees none."""
    rows = await _listed(info, "deployments", release_name=release_name)
    if not rows:
        raise NotFound("there is no deployment with that release name")
    return rows[0]


def shown_variables(variables: Sequence[VariableRow]) -> Sequence[Mapping[str, Any]]:
    """Return variables without the values of secrets."""
    return [{"key": each.key, "value": each.value or "", "is_secret": each.is_secret} for each in variables]


async def _listed(info: Info, field: str, *, after: str = "", **wanted: Any) -> list[DeploymentRow]:
    context = info.context
    return await all_rows(
        lambda last: context.ask(Deployments(**wanted, after_id=last or after)), field=field, most=MOST_LISTED
    )


async def _configuration(info: Info) -> ConfigurationRow:
    return await info.context.ask(DeploymentConfiguration())
