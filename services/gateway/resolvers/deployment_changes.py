"""What is done to deployments."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar, cast

from ariadne import MutationType
from pydantic import TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from services.deployments.contract import (
    ActivateDags,
    CreateDeployment,
    DeleteDeployment,
    DeploymentId,
    DeploymentRow,
    EnvironmentVariable,
    Executor,
    HibernateDeployment,
    JsonObject,
    MigrateDeployment,
    RetryDeployment,
    Rule,
    SetAirflowVersion,
    UpdateDeployment,
    WakeDeployment,
    WorkspaceId,
)
from services.gateway.context import Info
from services.gateway.resolvers.arguments import checked, mapping, payload_of, required, text_in
from services.gateway.resolvers.deployments import named_deployment, shown_variables
from shared.errors import Invalid

mutation: Final = MutationType()

BINDABLES: Final = [mutation]

CommandT = TypeVar("CommandT", HibernateDeployment, WakeDeployment, RetryDeployment)

_PAYLOAD: Final = ("label", "description", "config", "version", "properties")
_COMPONENTS: Final = ("workers", "webserver", "scheduler")
_ITEMS: Final[TypeAdapter[list[dict[str, Any]]]] = TypeAdapter(list[dict[str, Any]])


@mutation.field("createDeployment")
async def resolve_create(_: object, info: Info, **sent: Any) -> DeploymentRow:
    """Create a deployment."""
    _refuse_runtime(sent)
    with checked():
        command = CreateDeployment(
            workspace_id=WorkspaceId(required("workspaceUuid", sent.get("workspace_uuid"))),
            label=required("label", sent.get("label")),
            type=sent.get("type") or "airflow",
            description=sent.get("description") or "",
            version=sent.get("version") or "",
            airflow_version=sent.get("airflow_version") or "",
            executor=_executor(sent),
            config={**mapping("config", sent.get("config")), **_components(sent)},
            env=_environment(sent.get("env")) or (),
            properties=mapping("properties", sent.get("properties")),
            cloud_role=sent.get("cloud_role") or "",
            dag_deployment=_dag_deployment(sent) or {},
            triggerer_replicas=_replicas(sent),
            release_name=sent.get("release_name") or "",
        )
    return await info.context.send(info, command)


@mutation.field("updateDeployment")
async def resolve_update(_: object, info: Info, *, deployment_uuid: str | None = None, **sent: Any) -> DeploymentRow:
    """Change a deployment; `sync` is ignored: what concerns the driver always reaches it."""
    payload = payload_of(sent.get("payload"), *_PAYLOAD)
    with checked():
        command = UpdateDeployment(
            deployment_id=DeploymentId(required("deploymentUuid", deployment_uuid)),
            label=text_in(payload, "label"),
            description=text_in(payload, "description"),
            version=text_in(payload, "version"),
            executor=_executor(sent),
            config=_object("config", sent.get("config")),
            config_patch=_object("config", payload.get("config")),
            properties=_object("properties", payload.get("properties")),
            env=_environment(sent.get("env")),
            cloud_role=sent.get("cloud_role"),
            dag_deployment=_dag_deployment(sent),
            triggerer_replicas=_replicas(sent),
        )
    return await info.context.send(info, command)


@mutation.field("upsertDeployment")
async def resolve_upsert(_: object, info: Info, **sent: Any) -> DeploymentRow:
    """Update the deployment that is named by its id or its release name, or create one."""
    _refuse_runtime(sent)
    id_, name = sent.get("deployment_uuid"), sent.get("release_name")
    if not id_ and name and not sent.get("workspace_uuid"):
        id_ = (await named_deployment(info, name)).id
    if not id_:
        env = sent.get("environment_variables")
        created = {**sent, "env": env}
        return cast("DeploymentRow", await resolve_create(None, info, **created))
    with checked():
        command = UpdateDeployment(
            deployment_id=DeploymentId(id_),
            label=sent.get("label"),
            description=sent.get("description"),
            version=sent.get("version"),
            executor=_executor(sent),
            config=_object("config", sent.get("config")),
            config_patch=_components(sent) or None,
            properties=_object("properties", sent.get("properties")),
            env=_environment(sent.get("environment_variables"), secret=False),
            cloud_role=sent.get("cloud_role"),
            dag_deployment=_dag_deployment(sent),
            triggerer_replicas=_replicas(sent),
        )
    row: DeploymentRow = await info.context.send(info, command)
    if version := sent.get("airflow_version"):
        row = await info.context.send(info, SetAirflowVersion(deployment_id=row.id, airflow_version=version))
    return row


@mutation.field("updateDeploymentVariables")
async def resolve_update_variables(
    _: object,
    info: Info,
    *,
    deployment_uuid: str,
    release_name: str | None = None,
    environment_variables: Any = None,
) -> Sequence[Mapping[str, Any]]:
    """Replace the environment of a deployment and return it."""
    id_ = deployment_uuid or (await named_deployment(info, required("deploymentUuid", release_name))).id
    with checked():
        env = _environment(environment_variables or [], secret=False)
        command = UpdateDeployment(deployment_id=DeploymentId(id_), env=env)
    row: DeploymentRow = await info.context.send(info, command)
    return shown_variables(row.variables)


@mutation.field("updateDeploymentAirflow")
async def resolve_update_airflow(
    _: object, info: Info, *, deployment_uuid: str, desired_airflow_version: str
) -> DeploymentRow:
    """Wish another Airflow version, or take such a wish back."""
    with checked():
        command = SetAirflowVersion(
            deployment_id=DeploymentId(required("deploymentUuid", deployment_uuid)),
            airflow_version=required("desiredAirflowVersion", desired_airflow_version),
        )
    return await info.context.send(info, command)


@mutation.field("upgradeDeployment")
async def resolve_upgrade(_: object, info: Info, *, deployment_uuid: str, version: str) -> DeploymentRow:
    """Set the version of the chart."""
    with checked():
        command = UpdateDeployment(
            deployment_id=DeploymentId(required("deploymentUuid", deployment_uuid)),
            version=required("version", version),
        )
    return await info.context.send(info, command)


@mutation.field("migrateDeployment")
async def resolve_migrate(_: object, info: Info, *, release_name: str, version: str) -> DeploymentRow:
    """Bring a deployment to another version of the chart."""
    with checked():
        command = MigrateDeployment(
            release_name=required("releaseName", release_name), version=required("version", version)
        )
    return await info.context.send(info, command)


@mutation.field("deploymentAlertsUpdate")
async def resolve_update_alerts(
    _: object, info: Info, *, deployment_uuid: str, alert_emails: Sequence[str] | None = None
) -> DeploymentRow:
    """Replace the addresses for alerts."""
    with checked():
        command = UpdateDeployment(
            deployment_id=DeploymentId(required("deploymentUuid", deployment_uuid)),
            properties={"alert_emails": list(alert_emails or ())},
        )
    return await info.context.send(info, command)


@mutation.field("activateDagBundle")
async def resolve_activate(_: object, info: Info, *, deployment_uuid: str, version: int) -> DeploymentRow:
    """Run the DAG files of an earlier bundle."""
    with checked():
        command = ActivateDags(deployment_id=DeploymentId(required("deploymentUuid", deployment_uuid)), version=version)
    return await info.context.send(info, command)


@mutation.field("hibernateDeployment")
async def resolve_hibernate(_: object, info: Info, *, deployment_uuid: str) -> DeploymentRow:
    """Stop a deployment's Airflow and keep its data."""
    return await _wish(info, HibernateDeployment, deployment_uuid)


@mutation.field("wakeDeployment")
async def resolve_wake(_: object, info: Info, *, deployment_uuid: str) -> DeploymentRow:
    """Start a hibernated Airflow."""
    return await _wish(info, WakeDeployment, deployment_uuid)


@mutation.field("retryDeployment")
async def resolve_retry(_: object, info: Info, *, deployment_uuid: str) -> DeploymentRow:
    """Try again what failed."""
    return await _wish(info, RetryDeployment, deployment_uuid)


@mutation.field("deleteDeployment")
async def resolve_delete(
    _: object,
    info: Info,
    *,
    deployment_uuid: str | None = None,
    deployment_hard_delete: bool | None = None,
) -> DeploymentRow:
    """Delete a deployment and return it as it was."""
    with checked():
        command = DeleteDeployment(
            deployment_id=DeploymentId(required("deploymentUuid", deployment_uuid)), hard=bool(deployment_hard_delete)
        )
    return await info.context.send(info, command)


async def _wish(info: Info, wish: type[CommandT], deployment_uuid: str) -> DeploymentRow:
    with checked():
        command = wish(deployment_id=DeploymentId(required("deploymentUuid", deployment_uuid)))
    row: DeploymentRow = await info.context.send(info, command)
    return row


def _refuse_runtime(sent: Mapping[str, Any]) -> None:
    if sent.get("runtime_version"):
        raise Invalid("Astro Runtime is not offered here, ask for an airflowVersion", rule=Rule.INVALID_VERSION)


def _executor(sent: Mapping[str, Any]) -> Executor | None:
    named = sent.get("executor")
    return Executor(named) if named else None


def _object(name: str, value: Any) -> JsonObject | None:
    return None if value is None else mapping(name, value)


def _components(sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sizes of components that are given as arguments of their own, as they stand in a configuration."""
    return {name: _camel(sent[name]) for name in _COMPONENTS if sent.get(name)}


def _dag_deployment(sent: Mapping[str, Any]) -> JsonObject | None:
    """Return how DAG files are to come; an empty object, which the CLI always sends, means nothing."""
    given = sent.get("dag_deployment")
    return _camel(given) if given else None


def _replicas(sent: Mapping[str, Any]) -> int | None:
    replicas: int | None = mapping("triggerer", sent.get("triggerer")).get("replicas")
    return replicas


def _camel(given: Mapping[str, Any]) -> dict[str, Any]:
    return {to_camel(name): value for name, value in given.items() if value is not None}


def _environment(given: Any, *, secret: bool = True) -> tuple[EnvironmentVariable, ...] | None:
    """Return variables as they are sent; `secret`: what one is that does not say."""
    if given is None:
        return None
    try:
        items = _ITEMS.validate_python(given)
        return tuple(
            EnvironmentVariable(
                key=item["key"],
                value=item.get("value") or "",
                is_secret=secret if (said := item.get("is_secret", item.get("isSecret"))) is None else said,
            )
            for item in items
        )
    except (ValidationError, KeyError):
        text = "the environment must be a list of objects with a key, a value and isSecret"
        raise Invalid(text, rule=Rule.INVALID_VARIABLE) from None
