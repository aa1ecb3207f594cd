"""The row of a deployment is what its events made it, and each state has its status word."""

import pytest

from services.deployments.contract import (
    DeploymentEvent,
    DeploymentRow,
    Executor,
    State,
    Status,
    Trouble,
    VariableRow,
    status_of,
)
from services.deployments.domain.row import evolve_row
from services.deployments.projections import row_of
from shared.store.personal import FORGOTTEN
from tests.unit.deployments.examples import (
    ASLEEP,
    AT,
    AWAKE,
    CREATED,
    DELETED,
    FAILED,
    HARD_DELETED,
    HEALTHY,
    HIBERNATED,
    ID,
    LATER,
    NAME,
    PURGED,
    REMOVED,
    RETRIED,
    UNHEALTHY,
    UPDATED,
    VERSION_SET,
    WORKSPACE_ID,
    recorded,
)

ROW = DeploymentRow(
    id=ID,
    workspace_id=WORKSPACE_ID,
    label="nightly",
    release_name=NAME,
    version=CREATED.version,
    airflow_version=CREATED.airflow_version,
    desired_airflow_version=CREATED.airflow_version,
    executor=Executor.CELERY,
    config={"executor": "CeleryExecutor"},
    state=State.CREATING,
    status=Status.CREATING,
    created_at=AT,
    updated_at=AT,
)
UP = ROW.model_copy(update={"state": State.HEALTHY, "status": Status.ACTIVE, "observed_generation": 1})


def fold(*events: DeploymentEvent) -> DeploymentRow | None:
    row: DeploymentRow | None = None
    for event in events:
        row = evolve_row(row, event)
    return row


def test_a_new_deployment_is_being_created() -> None:
    assert fold(CREATED) == ROW


def test_a_healthy_one_is_active() -> None:
    assert fold(CREATED, HEALTHY) == UP


def test_a_deleted_one_keeps_its_row_and_says_when() -> None:
    going = {"state": State.DELETING, "status": Status.DELETING, "generation": 2, "updated_at": LATER}
    assert fold(CREATED, HEALTHY, DELETED) == UP.model_copy(update={**going, "deleted_at": LATER})


def test_a_deleted_one_is_stopped_then_purged_then_gone() -> None:
    stopped = fold(CREATED, HEALTHY, DELETED, HIBERNATED)
    assert stopped is not None
    assert (stopped.state, stopped.observed_generation) == (State.DELETED, 2)
    purged = fold(CREATED, HEALTHY, DELETED, HIBERNATED, PURGED)
    assert purged is not None
    assert (purged.state, purged.generation) == (State.DELETING, 3)
    assert fold(CREATED, HEALTHY, DELETED, HIBERNATED, PURGED, REMOVED) is None


STATES: list[tuple[State, list[DeploymentEvent]]] = [
    (State.UPDATING, [CREATED, HEALTHY, UPDATED]),
    (State.CREATING, [CREATED, UPDATED]),
    (State.UPDATING, [CREATED, HEALTHY, VERSION_SET]),
    (State.HIBERNATING, [CREATED, HEALTHY, ASLEEP]),
    (State.HIBERNATED, [CREATED, HEALTHY, ASLEEP, HIBERNATED]),
    (State.WAKING, [CREATED, HEALTHY, ASLEEP, HIBERNATED, AWAKE]),
    (State.UNHEALTHY, [CREATED, HEALTHY, UNHEALTHY]),
    (State.HEALTHY, [CREATED, HEALTHY, UNHEALTHY, HEALTHY]),
    (State.CREATE_FAILED, [CREATED, FAILED]),
    (State.UPDATE_FAILED, [CREATED, HEALTHY, FAILED]),
    (State.CREATING, [CREATED, FAILED, RETRIED]),
    (State.DELETE_FAILED, [CREATED, HARD_DELETED, FAILED]),
]


@pytest.mark.parametrize(("state", "past"), STATES)
def test_each_past_ends_in_its_state(state: State, past: list[DeploymentEvent]) -> None:
    row = fold(*past)
    assert row is not None
    assert (row.state, row.status) == (state, status_of(state))


def test_trouble_is_told_until_it_is_over() -> None:
    failed, retried = fold(CREATED, FAILED), fold(CREATED, FAILED, RETRIED)
    assert failed is not None
    assert failed.trouble == Trouble(step="install", reason="ended with 1", lines=("no network",))
    assert retried is not None
    assert retried.trouble is None


def test_the_version_that_runs_changes_when_the_new_one_is_up() -> None:
    waiting, up = fold(CREATED, HEALTHY, VERSION_SET), fold(CREATED, HEALTHY, VERSION_SET, HEALTHY)
    assert waiting is not None
    assert (waiting.airflow_version, waiting.desired_airflow_version) == (CREATED.airflow_version, "3.4.0")
    assert up is not None
    assert (up.airflow_version, up.desired_airflow_version) == ("3.4.0", "3.4.0")


def test_values_of_secrets_are_not_told() -> None:
    told = CREATED.model_copy(
        update={"env_keys": ("A", "B"), "plain_keys": ("A",), "env": '{"A": "seen", "B": "hidden"}'}
    )
    row = fold(told)
    assert row is not None
    assert row.variables == (VariableRow(key="A", value="seen", is_secret=False), VariableRow(key="B"))


def test_answers_are_told_also_of_what_is_gone() -> None:
    history = [recorded(event) for event in (CREATED, HEALTHY, HARD_DELETED, REMOVED)]
    last = row_of(history)
    assert last is not None
    assert last.state is State.DELETING


def test_addresses_for_alerts_are_a_property_until_they_are_forgotten() -> None:
    told = CREATED.model_copy(update={"properties": {"extra_au": 1}, "alert_emails": '["a@example.com"]'})
    forgotten = told.model_copy(update={"alert_emails": FORGOTTEN})
    assert fold(told) == ROW.model_copy(update={"properties": {"extra_au": 1, "alert_emails": ["a@example.com"]}})
    assert fold(forgotten) == ROW.model_copy(update={"properties": {"extra_au": 1}})


@pytest.mark.parametrize("state", State)
def test_every_state_has_the_word_of_the_design(state: State) -> None:
    words = {
        Status.CREATING: {State.CREATING},
        Status.ACTIVE: {State.HEALTHY},
        Status.UPDATING: {
            State.DEPLOYING,
            State.UPDATING,
            State.WAKING,
            State.HIBERNATING,
            State.HIBERNATED,
        },
        Status.DELETING: {State.DELETING},
    }
    expected = next((word for word, states in words.items() if state in states), Status.ERROR)
    assert status_of(state) is expected
