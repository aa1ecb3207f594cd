"""A deployment is created once, deleted once, and hears only of the wish that is its last."""

import pytest

from services.deployments.contract import DeploymentEvent, Executor, ReportHealthy, ReportRemoved
from services.deployments.domain.deployment import Absent, Deployment, DeploymentCommand, decide, evolve
from shared.errors import NotFound, Rejected
from tests.unit.deployments.examples import CREATE, CREATED, DELETE, DELETED, HARD_DELETED, HEALTHY, ID, LATER, REMOVED

IS_HEALTHY = ReportHealthy(deployment_id=ID, generation=1, now=LATER)
IS_REMOVED = ReportRemoved(deployment_id=ID, generation=2, now=LATER)


def given(*events: DeploymentEvent) -> Deployment:
    deployment: Deployment = Absent()
    for event in events:
        deployment = evolve(deployment, event)
    return deployment


def test_what_is_not_said_is_filled_in_on_creation() -> None:
    assert decide(CREATE, given()) == [CREATED]


@pytest.mark.parametrize("past", [(CREATED,), (CREATED, DELETED), (CREATED, DELETED, REMOVED)])
def test_an_id_is_used_once(past: tuple[DeploymentEvent, ...]) -> None:
    with pytest.raises(Rejected):
        decide(CREATE, given(*past))


def test_the_executor_that_is_named_beats_the_configured_one_and_is_written_into_it() -> None:
    command = CREATE.model_copy(update={"executor": Executor.LOCAL, "config": {"executor": "CeleryExecutor", "x": 1}})
    [created] = decide(command, given())
    assert created == CREATED.model_copy(
        update={"executor": Executor.LOCAL, "config": {"executor": "LocalExecutor", "x": 1}}
    )


def test_kubernetes_gets_its_extra_units_where_none_are_named() -> None:
    [created] = decide(CREATE.model_copy(update={"executor": Executor.KUBERNETES}), given())
    assert created.model_dump()["properties"] == {"extra_au": 10}


def test_a_name_by_hand_is_taken_as_it_is() -> None:
    [created] = decide(CREATE.model_copy(update={"release_name": "my-own-name"}), given())
    assert created.model_dump()["release_name"] == "my-own-name"


@pytest.mark.parametrize("past", [(CREATED,), (CREATED, HEALTHY)])
def test_a_living_deployment_is_deleted_as_the_next_generation(past: tuple[DeploymentEvent, ...]) -> None:
    assert decide(DELETE, given(*past)) == [DELETED]


def test_a_hard_deletion_says_so() -> None:
    assert decide(DELETE.model_copy(update={"hard": True}), given(CREATED)) == [HARD_DELETED]


@pytest.mark.parametrize("past", [(), (CREATED, DELETED), (CREATED, DELETED, REMOVED)])
def test_what_does_not_live_cannot_be_deleted(past: tuple[DeploymentEvent, ...]) -> None:
    with pytest.raises(NotFound):
        decide(DELETE, given(*past))


def test_health_is_recorded_when_it_comes() -> None:
    assert decide(IS_HEALTHY, given(CREATED)) == [HEALTHY]


def test_removal_is_recorded_when_it_is_done() -> None:
    assert decide(IS_REMOVED, given(CREATED, DELETED)) == [REMOVED]


@pytest.mark.parametrize(
    ("report", "past"),
    [
        (IS_HEALTHY, ()),
        (IS_HEALTHY, (CREATED, HEALTHY)),
        (IS_HEALTHY, (CREATED, DELETED)),
        (IS_HEALTHY.model_copy(update={"generation": 2}), (CREATED,)),
        (IS_REMOVED, (CREATED,)),
        (IS_REMOVED, (CREATED, DELETED, REMOVED)),
        (IS_REMOVED.model_copy(update={"generation": 1}), (CREATED, DELETED)),
    ],
)
def test_a_report_that_is_old_or_known_changes_nothing(
    report: DeploymentCommand, past: tuple[DeploymentEvent, ...]
) -> None:
    assert decide(report, given(*past)) == []
