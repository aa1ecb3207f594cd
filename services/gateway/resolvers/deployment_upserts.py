"""What makes a deployment be as it is said, be it there or not; and what brings it an image."""

from collections.abc import Mapping
from typing import Any, Final, cast

from ariadne import MutationType

from services.deployments.contract import DeployImage, DeploymentId, DeploymentRow, SetAirflowVersion, UpdateDeployment
from services.gateway.context import Info
from services.gateway.resolvers.arguments import checked, required
from services.gateway.resolvers.deployment_arguments import (
    components_in,
    dag_deployment_in,
    environment_in,
    executor_in,
    object_in,
    refuse_runtime,
    replicas_in,
)
from services.gateway.resolvers.deployment_changes import resolve_create
from services.gateway.resolvers.deployments import named_deployment
from shared.errors import Invalid, NotFound

mutation: Final = MutationType()

BINDABLES: Final = [mutation]


@mutation.field("upsertDeployment")
async def resolve_upsert(_: object, info: Info, **sent: Any) -> DeploymentRow:
    """Update the deployment that is named by its id or its release name, or create one.

    An image goes first: where it is refused nothing is changed.
    """
    refuse_runtime(sent)
    if sent.get("dockerconfigjson"):
        raise Invalid("credentials for a registry are not taken here, give them to what pulls the images")
    id_ = await _named(info, sent)
    if id_ is None:
        created = {**sent, "env": sent.get("environment_variables")}
        return cast("DeploymentRow", await resolve_create(None, info, **created))
    image, version = sent.get("image"), sent.get("airflow_version")
    update, row = _update(id_, sent), None
    if image:
        row = await _deploy(info, id_, image=image, airflow_version=version)
    if row is None or _changes(update):
        row = await info.context.send(info, update)
    if version and not image:
        with checked():
            command = SetAirflowVersion(deployment_id=id_, airflow_version=version)
        row = await info.context.send(info, command, step="version")
    return row


@mutation.field("updateDeploymentImage")
async def resolve_update_image(_: object, info: Info, *, release_name: str, image: str, **sent: Any) -> DeploymentRow:
    """Have the deployment with this release name run an image."""
    refuse_runtime(sent)
    row = await named_deployment(info, required("releaseName", release_name))
    return await _deploy(info, row.id, image=required("image", image), airflow_version=sent.get("airflow_version"))


async def _named(info: Info, sent: Mapping[str, Any]) -> DeploymentId | None:
    """Return which deployment is meant, None for one that is to be created.

    With a workspace a release name is that of a new one, but for an image, which goes to the one that has the name.
    """
    if id_ := sent.get("deployment_uuid"):
        return DeploymentId(id_)
    name, may_create = sent.get("release_name"), bool(sent.get("workspace_uuid"))
    if not name or (may_create and not sent.get("image")):
        return None
    try:
        return (await named_deployment(info, name)).id
    except NotFound:
        if not may_create:
            raise
        return None


def _update(id_: DeploymentId, sent: Mapping[str, Any]) -> UpdateDeployment:
    with checked():
        return UpdateDeployment(
            deployment_id=id_,
            label=sent.get("label"),
            description=sent.get("description"),
            version=sent.get("version"),
            executor=executor_in(sent),
            config=object_in("config", sent.get("config")),
            config_patch=components_in(sent) or None,
            properties=object_in("properties", sent.get("properties")),
            env=environment_in(sent.get("environment_variables"), secret=False),
            cloud_role=sent.get("cloud_role"),
            dag_deployment=dag_deployment_in(sent),
            triggerer_replicas=replicas_in(sent),
        )


def _changes(update: UpdateDeployment) -> bool:
    return any(value is not None for name, value in update if name not in {"deployment_id", "now"})


async def _deploy(info: Info, id_: DeploymentId, *, image: str, airflow_version: str | None) -> DeploymentRow:
    with checked():
        command = DeployImage(deployment_id=id_, image=image, airflow_version=airflow_version or "")
    return await info.context.send(info, command, step="image")
