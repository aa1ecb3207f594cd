"""One deployment, its workspace and what can happen to them, for the tests of their rooms."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.deployments.contract import (
    AirflowSecrets,
    CreateDeployment,
    DeleteDeployment,
    DeploymentAirflowVersionSet,
    DeploymentBecameHealthy,
    DeploymentBecameUnhealthy,
    DeploymentCreated,
    DeploymentDagsActivated,
    DeploymentDagsDeployed,
    DeploymentDeleted,
    DeploymentEvent,
    DeploymentFailed,
    DeploymentHibernated,
    DeploymentHibernationRequested,
    DeploymentId,
    DeploymentImageDeployed,
    DeploymentPurgeRequested,
    DeploymentRemoved,
    DeploymentRetryRequested,
    DeploymentUpdated,
    DeploymentWakeRequested,
    Executor,
    WorkspaceId,
)
from services.deployments.domain.specification import DEFAULT_AIRFLOW_VERSION, DEFAULT_CHART_VERSION
from shared.store.model import Recorded

ID = DeploymentId("cdeployment00000000000001")
WORKSPACE_ID = WorkspaceId("cworkspace000000000000001")
AT = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
LATER = AT + timedelta(hours=1)
NAME = "solar-comet-0042"

SECRETS = AirflowSecrets(
    fernet_key="fernet", web_secret="web", jwt_secret="jwt", admin_password="admin", database_password="database"
)
CREATE = CreateDeployment(
    workspace_id=WORKSPACE_ID,
    label="nightly",
    deployment_id=ID,
    release_names=(NAME, "lunar-halo-7777"),
    secrets=SECRETS,
    now=AT,
)
DELETE = DeleteDeployment(deployment_id=ID, now=LATER)
CREATED = DeploymentCreated(
    deployment_id=ID,
    workspace_id=WORKSPACE_ID,
    label="nightly",
    release_name=NAME,
    version=DEFAULT_CHART_VERSION,
    airflow_version=DEFAULT_AIRFLOW_VERSION,
    executor=Executor.CELERY,
    config={"executor": "CeleryExecutor"},
    secrets=SECRETS.model_dump_json(),
    created_at=AT,
)
HEALTHY = DeploymentBecameHealthy(deployment_id=ID, generation=1, became_healthy_at=LATER)
DELETED = DeploymentDeleted(deployment_id=ID, workspace_id=WORKSPACE_ID, generation=2, deleted_at=LATER)
HARD_DELETED = DELETED.model_copy(update={"hard": True})
REMOVED = DeploymentRemoved(deployment_id=ID, generation=2, removed_at=LATER)
UPDATED = DeploymentUpdated(deployment_id=ID, version="1.19.0", generation=2, updated_at=LATER)
VERSION_SET = DeploymentAirflowVersionSet(deployment_id=ID, airflow_version="3.4.0", generation=2, set_at=LATER)
DEPLOYED = DeploymentDagsDeployed(
    deployment_id=ID,
    version=1,
    sha256="a" * 64,
    size=100,
    files=2,
    description="first",
    generation=2,
    deployed_at=LATER,
)
ACTIVATED = DeploymentDagsActivated(deployment_id=ID, version=1, generation=4, activated_at=LATER)
IMAGED = DeploymentImageDeployed(
    deployment_id=ID,
    repository="registry.example.com/nightly/airflow",
    tag="cli-7",
    image_version=CREATED.airflow_version,
    airflow_version=CREATED.airflow_version,
    generation=2,
    deployed_at=LATER,
)
ASLEEP = DeploymentHibernationRequested(deployment_id=ID, generation=2, requested_at=LATER)
HIBERNATED = DeploymentHibernated(deployment_id=ID, generation=2, hibernated_at=LATER)
AWAKE = DeploymentWakeRequested(deployment_id=ID, generation=3, requested_at=LATER)
UNHEALTHY = DeploymentBecameUnhealthy(
    deployment_id=ID, generation=1, complaints=("scheduler does not run",), became_unhealthy_at=LATER
)
FAILED = DeploymentFailed(
    deployment_id=ID, generation=1, step="install", reason="ended with 1", lines='["no network"]', failed_at=LATER
)
RETRIED = DeploymentRetryRequested(deployment_id=ID, generation=2, requested_at=LATER)
PURGED = DeploymentPurgeRequested(deployment_id=ID, generation=3, requested_at=LATER)


def recorded(event: DeploymentEvent, *, position: int = 1) -> Recorded:
    """Return `event` as the store gives it back."""
    return Recorded(
        position=position,
        stream=f"deployment-{ID}",
        version=position,
        event_id=UUID(int=position),
        type_name=event.type_name,
        schema_version=event.schema_version,
        event=event,
        hash=b"",
        recorded_at=LATER,
        metadata_text="{}",
    )
