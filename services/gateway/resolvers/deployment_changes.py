"""What is done to deployments."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

from ariadne import MutationType

from services.deployments.contract import (
    ActivateDags,
    CreateDeployment,
    DeleteDeployment,
    DeploymentId,
    DeploymentRow,
    HibernateDeployment,
    MigrateDeployment,
    RetryDeployment,
    SetAirflowVersion,
    UpdateDeployment,
    WakeDeployment,
    WorkspaceId,
)
from services.gateway.context import Info
from services.gateway.resolvers.arguments import checked, mapping, payload_of, required, text_in
from services.gateway.resolvers.deployment_arguments import (
    components_in,
    dag_deployment_in,
    environment_in,
    executor_in,
    object_in,
    refuse_runtime,
    replicas_in,
)
from services.gateway.resolvers.deployments import named_deployment, shown_variables

mutation: Final = MutationType()

BINDABLES: Final = [mutation]

CommandT = TypeVar("CommandT", HibernateDeployment, WakeDeployment, RetryDeployment)

_PAYLOAD: Final = ("label", "description", "config", "version", "properties")


@mutation.field("createDeployment")
async def resolve_create(_: object, info: Info, **sent: Any) -> DeploymentRow:
    """Create a deployment."""
    refuse_runtime(sent)
    with checked():
        command = CreateDeployment(
            workspace_id=WorkspaceId(required("workspaceUuid", sent.get("workspace_uuid"))),
            label=required("label", sent.get("label")),
            type=sent.get("type") or "airflow",
            description=sent.get("description") or "",
            version=sent.get("version") or "",
            airflow_version=sent.get("airflow_version") or "",
            executor=executor_in(sent),
            config={**mapping("config", sent.get("config")), **components_in(sent)},
            env=environment_in(sent.get("env")) or (),
            properties=mapping("properties", sent.get("properties")),
            cloud_role=sent.get("cloud_role") or "",
            dag_deployment=dag_deployment_in(sent) or {},
            triggerer_replicas=replicas_in(sent),
            release_name=sent.get("release_name") or "",
            image=sent.get("image") or "",
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
            executor=executor_in(sent),
            config=object_in("config", sent.get("config")),
            config_patch=object_in("config", payload.get("config")),
            properties=object_in("properties", payload.get("properties")),
            env=environment_in(sent.get("env")),
            cloud_role=sent.get("cloud_role"),
            dag_deployment=dag_deployment_in(sent),
            triggerer_replicas=replicas_in(sent),
        )
    return await info.context.send(info, command)


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
        env = environment_in(environment_variables or [], secret=False)
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


@mutation.field("updateDeploymentRuntime")
async def resolve_update_runtime(
    _: object, info: Info, *, deployment_uuid: str, desired_runtime_version: str
) -> DeploymentRow:
    """Refuse another version of Astro Runtime, of which none is offered, to those who might wish it."""
    row = await _unchanged(info, deployment_uuid)
    refuse_runtime({"runtime_version": required("desiredRuntimeVersion", desired_runtime_version)})
    return row


@mutation.field("cancelRuntimeUpdate")
async def resolve_cancel_runtime(_: object, info: Info, *, deployment_uuid: str) -> DeploymentRow:
    """Return the deployment, of which no version of Astro Runtime is ever wished."""
    return await _unchanged(info, deployment_uuid)


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


async def _unchanged(info: Info, deployment_uuid: str) -> DeploymentRow:
    """Return a deployment that the caller may change."""
    with checked():
        command = UpdateDeployment(deployment_id=DeploymentId(required("deploymentUuid", deployment_uuid)))
    row: DeploymentRow = await info.context.send(info, command)
    return row


async def _wish(info: Info, wish: type[CommandT], deployment_uuid: str) -> DeploymentRow:
    with checked():
        command = wish(deployment_id=DeploymentId(required("deploymentUuid", deployment_uuid)))
    row: DeploymentRow = await info.context.send(info, command)
    return row
