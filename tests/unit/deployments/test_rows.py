"""The row of a deployment is what its events made it, and each state has its status word."""

import pytest

from services.deployments.contract import DeploymentEvent, DeploymentRow, Executor, State, Status, status_of
from services.deployments.projections import evolve_row, row_before_deletion, row_of
from shared.store.personal import FORGOTTEN
from tests.unit.deployments.examples import (
    AT,
    CREATED,
    DELETED,
    HARD_DELETED,
    HEALTHY,
    ID,
    LATER,
    NAME,
    REMOVED,
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
        row = evolve_row(row, recorded(event))
    return row


def test_a_new_deployment_is_being_created() -> None:
    assert fold(CREATED) == ROW


def test_a_healthy_one_is_active() -> None:
    assert fold(CREATED, HEALTHY) == UP


def test_a_deleted_one_keeps_its_row_and_says_when() -> None:
    going = {"state": State.DELETING, "status": Status.DELETING, "generation": 2, "updated_at": LATER}
    assert fold(CREATED, HEALTHY, DELETED) == UP.model_copy(update={**going, "deleted_at": LATER})


def test_a_removed_one_keeps_its_row_unless_it_was_deleted_hard() -> None:
    row = fold(CREATED, DELETED, REMOVED)
    assert row is not None
    assert (row.state, row.observed_generation) == (State.DELETED, 2)
    assert fold(CREATED, HARD_DELETED, REMOVED) is None


def test_answers_are_told_also_of_what_is_gone() -> None:
    history = [recorded(event) for event in (CREATED, HEALTHY, HARD_DELETED, REMOVED)]
    assert row_before_deletion(history) == UP
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
