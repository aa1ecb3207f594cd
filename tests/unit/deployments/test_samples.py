"""What was stored once is read for ever: a sample of every event type and version."""

from pathlib import Path

import pytest

from services.deployments.app import APP
from services.deployments.contract import (
    EVENTS,
    Executor,
    WorkspaceDeploymentAdded,
    WorkspaceDeploymentDropped,
    WorkspaceWasClosed,
)
from shared.messages import Event
from shared.store.personal import FORGOTTEN
from tests.unit.deployments.examples import (
    ACTIVATED,
    ASLEEP,
    AT,
    AWAKE,
    CREATED,
    DEPLOYED,
    FAILED,
    HARD_DELETED,
    HEALTHY,
    HIBERNATED,
    ID,
    IMAGED,
    LATER,
    PURGED,
    REMOVED,
    RETRIED,
    UNHEALTHY,
    UPDATED,
    VERSION_SET,
    WORKSPACE_ID,
)

SAMPLES = Path(__file__).parents[2] / "samples" / "deployments"
MEANT: dict[str, Event] = {
    "deployment.created.v1": CREATED.model_copy(
        update={
            "config": {"executor": "CeleryExecutor", "scheduler": {"resources": {"limits": {"cpu": 500}}}},
            "properties": {"extra_au": 2},
            "env_keys": ("TOKEN",),
            "env": FORGOTTEN,
            "secrets": None,
        }
    ),
    "deployment.updated.v1": UPDATED.model_copy(
        update={
            "label": "weekly",
            "executor": Executor.LOCAL,
            "config": {"executor": "LocalExecutor"},
            "properties": {"extra_au": 3},
            "dag_deployment": {"type": "image"},
            "triggerer_replicas": 0,
            "env_keys": ("TOKEN", "PLAIN"),
            "plain_keys": ("PLAIN",),
            "env": FORGOTTEN,
        }
    ),
    "deployment.airflow_version_set.v1": VERSION_SET,
    "deployment.dags_deployed.v1": DEPLOYED,
    "deployment.dags_activated.v1": ACTIVATED,
    "deployment.image_deployed.v1": IMAGED,
    "deployment.hibernation_requested.v1": ASLEEP,
    "deployment.wake_requested.v1": AWAKE,
    "deployment.retry_requested.v1": RETRIED,
    "deployment.became_unhealthy.v1": UNHEALTHY,
    "deployment.hibernated.v1": HIBERNATED,
    "deployment.failed.v1": FAILED.model_copy(update={"lines": FORGOTTEN}),
    "deployment.purge_requested.v1": PURGED,
    "deployment.became_healthy.v1": HEALTHY,
    "deployment.deleted.v1": HARD_DELETED,
    "deployment.removed.v1": REMOVED,
    "workspace.deployment_added.v1": WorkspaceDeploymentAdded(
        workspace_id=WORKSPACE_ID, deployment_id=ID, label="nightly", added_at=AT
    ),
    "workspace.deployment_dropped.v1": WorkspaceDeploymentDropped(
        workspace_id=WORKSPACE_ID, deployment_id=ID, dropped_at=LATER
    ),
    "workspace.closed.v1": WorkspaceWasClosed(workspace_id=WORKSPACE_ID, closed_at=LATER),
}


def test_every_type_and_version_has_a_sample() -> None:
    wanted = {f"{event.type_name}.v{n}" for event in EVENTS for n in range(1, event.schema_version + 1)}
    assert {path.stem for path in SAMPLES.glob("*.json")} == wanted
    assert set(MEANT) == wanted


@pytest.mark.parametrize("name", MEANT)
def test_a_sample_still_means_what_it_meant(name: str) -> None:
    meant = MEANT[name]
    assert type(meant).model_validate_json((SAMPLES / f"{name}.json").read_text()) == meant


def test_what_is_secret_is_marked_for_the_store() -> None:
    assert APP.types.people(CREATED.model_copy(update={"env": "{}"})) == {ID}
