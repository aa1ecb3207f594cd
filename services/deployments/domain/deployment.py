"""The rules of stream `deployment-<id>`: a deployment's wishes and what its driver reported of them."""

from dataclasses import replace
from typing import Final, TypeAlias, assert_never

from services.deployments.contract import (
    ActivateDags,
    CreateDeployment,
    DeleteDeployment,
    DeployImage,
    DeploymentAirflowVersionSet,
    DeploymentCreated,
    DeploymentDeleted,
    DeploymentEvent,
    DeploymentHibernationRequested,
    DeploymentImageDeployed,
    DeploymentPurgeRequested,
    DeploymentRetryRequested,
    DeploymentWakeRequested,
    HibernateDeployment,
    PurgeDeployment,
    ReportObserved,
    RetryDeployment,
    Rule,
    SetAirflowVersion,
    UpdateDeployment,
    WakeDeployment,
)
from services.deployments.domain.bundles import AddBundle, decide_bundle
from services.deployments.domain.changes import changed, update_event
from services.deployments.domain.images import read_image, with_image
from services.deployments.domain.reports import report
from services.deployments.domain.specification import (
    DEFAULT_AIRFLOW_VERSION,
    DEFAULT_CHART_VERSION,
    alert_emails_text,
    check_specification,
    check_version,
    config_of,
    env_text,
    executor_of,
    plain_keys_of,
    properties_of,
)
from services.deployments.domain.state import Absent, Condition, Deleted, Deployment, Live, evolve
from services.deployments.domain.versions import is_older
from shared.decider import Decider
from shared.errors import NotFound, Rejected

DeploymentCommand: TypeAlias = (
    CreateDeployment
    | UpdateDeployment
    | SetAirflowVersion
    | ActivateDags
    | AddBundle
    | DeployImage
    | HibernateDeployment
    | WakeDeployment
    | RetryDeployment
    | DeleteDeployment
    | PurgeDeployment
    | ReportObserved
)


def decide(command: DeploymentCommand, deployment: Deployment) -> list[DeploymentEvent]:
    """Return the events that `command` causes; raise Rejected, Invalid or NotFound where a rule forbids it.

    A report of what is no longer wanted, or was reported before, causes none; neither does a wish that stands.
    """
    match command:
        case CreateDeployment():
            return _create(command, deployment)
        case UpdateDeployment():
            return _update(command, _live(deployment))
        case SetAirflowVersion():
            return _set_airflow_version(command, _live(deployment))
        case AddBundle() | ActivateDags() | DeployImage():
            return _deploy(command, _live(deployment))
        case HibernateDeployment() | WakeDeployment():
            return _sleep_or_wake(command, _live(deployment))
        case RetryDeployment():
            return _retry(command, deployment)
        case DeleteDeployment():
            return _delete(command, _live(deployment))
        case PurgeDeployment():
            return _purge(command, deployment)
        case ReportObserved():
            return report(command, deployment)
        case _:
            assert_never(command)


DEPLOYMENT: Final[Decider[DeploymentCommand, Deployment, DeploymentEvent]] = Decider(
    kind="deployment", initial=Absent(), decide=decide, evolve=evolve
)


def _live(deployment: Deployment) -> Live:
    if not isinstance(deployment, Live):
        raise NotFound("the deployment does not exist")
    return deployment


def _create(command: CreateDeployment, deployment: Deployment) -> list[DeploymentEvent]:
    if not isinstance(deployment, Absent):
        raise Rejected("the deployment exists, expected a new id")
    check_specification(command)
    config = config_of(command)
    if command.image:
        config = with_image(config, read_image(command.image))
    created = DeploymentCreated(
        deployment_id=command.deployment_id,
        workspace_id=command.workspace_id,
        label=command.label,
        description=command.description,
        release_name=command.release_name or command.release_names[0],
        type=command.type,
        version=command.version or DEFAULT_CHART_VERSION,
        airflow_version=command.airflow_version or DEFAULT_AIRFLOW_VERSION,
        executor=executor_of(command),
        config=config,
        properties=properties_of(command),
        cloud_role=command.cloud_role,
        dag_deployment=command.dag_deployment,
        triggerer_replicas=1 if command.triggerer_replicas is None else command.triggerer_replicas,
        env_keys=tuple(variable.key for variable in command.env),
        plain_keys=plain_keys_of(command.env),
        env=env_text(command.env) if command.env else None,
        secrets=command.secrets.model_dump_json(),
        alert_emails=alert_emails_text(command),
        created_at=command.now,
    )
    return [created]


def _update(command: UpdateDeployment, live: Live) -> list[DeploymentEvent]:
    after = changed(live.wish, command)
    event = update_event(live.wish, after, command, deployment_id=command.deployment_id, generation=live.generation)
    return [] if event is None else [event]


def _set_airflow_version(command: SetAirflowVersion, live: Live) -> list[DeploymentEvent]:
    wanted = command.airflow_version
    check_version(wanted)
    if wanted == live.wish.airflow_version:
        return []
    _refuse_older(wanted, live.airflow_version)
    return [
        DeploymentAirflowVersionSet(
            deployment_id=command.deployment_id,
            airflow_version=wanted,
            generation=live.generation + 1,
            set_at=command.now,
        )
    ]


def _refuse_older(wanted: str, running: str) -> None:
    if is_older(wanted, running):
        raise Rejected(
            f"airflow {wanted} is older than {running}, which runs",
            rule=Rule.AIRFLOW_DOWNGRADE,
            details={"wanted": wanted, "running": running},
        )


def _deploy(command: AddBundle | ActivateDags | DeployImage, live: Live) -> list[DeploymentEvent]:
    return _deploy_image(command, live) if isinstance(command, DeployImage) else decide_bundle(command, live)


def _deploy_image(command: DeployImage, live: Live) -> list[DeploymentEvent]:
    image, version = read_image(command.image), command.airflow_version or live.airflow_version
    wished = live.wish.airflow_version
    if version:
        check_version(version)
        _refuse_older(version, live.airflow_version)
        if not live.airflow_version or is_older(wished, version):
            wished = version
    after = replace(live.wish, config=with_image(live.wish.config, image), image_version=version)
    check_specification(after)
    if after == live.wish and wished == live.wish.airflow_version:
        return []
    return [
        DeploymentImageDeployed(
            deployment_id=command.deployment_id,
            repository=image.repository,
            tag=image.tag,
            image_version=version,
            airflow_version=wished,
            generation=live.generation + 1,
            deployed_at=command.now,
        )
    ]


def _sleep_or_wake(command: HibernateDeployment | WakeDeployment, live: Live) -> list[DeploymentEvent]:
    asleep = isinstance(command, HibernateDeployment)
    if asleep == live.asleep:
        return []
    event = DeploymentHibernationRequested if asleep else DeploymentWakeRequested
    return [event(deployment_id=command.deployment_id, generation=live.generation + 1, requested_at=command.now)]


def _retry(command: RetryDeployment, deployment: Deployment) -> list[DeploymentEvent]:
    if isinstance(deployment, Absent):
        raise NotFound("the deployment does not exist")
    if deployment.condition is not Condition.FAILED:
        raise Rejected("nothing of the deployment has failed", rule=Rule.NOT_FAILED)
    return [
        DeploymentRetryRequested(
            deployment_id=command.deployment_id, generation=deployment.generation + 1, requested_at=command.now
        )
    ]


def _delete(command: DeleteDeployment, live: Live) -> list[DeploymentEvent]:
    deleted = DeploymentDeleted(
        deployment_id=command.deployment_id,
        workspace_id=live.workspace_id,
        hard=command.hard,
        generation=live.generation + 1,
        deleted_at=command.now,
    )
    return [deleted]


def _purge(command: PurgeDeployment, deployment: Deployment) -> list[DeploymentEvent]:
    if not isinstance(deployment, Deleted) or deployment.purged:
        return []
    return [
        DeploymentPurgeRequested(
            deployment_id=command.deployment_id, generation=deployment.generation + 1, requested_at=command.now
        )
    ]
