"""A deployment is created once, deleted once, and hears only of the wish that is its last."""

import json

import pytest

from services.deployments.contract import (
    DeploymentEvent,
    DeploymentFailed,
    Executor,
    HibernateDeployment,
    Observation,
    PurgeDeployment,
    ReportObserved,
    RetryDeployment,
    Rule,
    SetAirflowVersion,
    WakeDeployment,
)
from services.deployments.domain.deployment import DeploymentCommand, decide
from services.deployments.domain.state import Absent, Deployment, evolve
from services.deployments.domain.versions import is_older
from shared.errors import NotFound, Rejected
from shared.store.personal import clear_text
from tests.unit.deployments.examples import (
    ASLEEP,
    AWAKE,
    CREATE,
    CREATED,
    DELETE,
    DELETED,
    FAILED,
    HARD_DELETED,
    HEALTHY,
    HIBERNATED,
    ID,
    LATER,
    PURGED,
    REMOVED,
    RETRIED,
    UNHEALTHY,
    VERSION_SET,
)

SEEN = ReportObserved(deployment_id=ID, generation=1, observation=Observation.HEALTHY, now=LATER)
ILL = SEEN.model_copy(update={"observation": Observation.UNHEALTHY, "complaints": UNHEALTHY.model_dump()["complaints"]})
BROKEN = SEEN.model_copy(
    update={
        "observation": Observation.FAILED,
        "step": "install",
        "reason": "ended with 1",
        "lines": ("no network",),
    }
)
STOPPED = SEEN.model_copy(update={"observation": Observation.HIBERNATED, "generation": 2})
GONE = SEEN.model_copy(update={"observation": Observation.REMOVED, "generation": 2})


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


def test_what_the_driver_sees_is_recorded_when_it_is_news() -> None:
    assert decide(SEEN, given(CREATED)) == [HEALTHY]
    assert decide(ILL, given(CREATED, HEALTHY)) == [UNHEALTHY]
    assert decide(SEEN, given(CREATED, HEALTHY, UNHEALTHY)) == [HEALTHY]
    assert decide(STOPPED, given(CREATED, HEALTHY, ASLEEP)) == [HIBERNATED]
    assert decide(STOPPED, given(CREATED, HEALTHY, DELETED)) == [HIBERNATED]
    assert decide(BROKEN, given(CREATED)) == [FAILED]


def test_removal_is_recorded_when_it_is_done() -> None:
    assert decide(GONE, given(CREATED, HARD_DELETED)) == [REMOVED]
    later = GONE.model_copy(update={"generation": 3})
    assert decide(later, given(CREATED, DELETED, HIBERNATED, PURGED)) == [REMOVED.model_copy(update={"generation": 3})]


@pytest.mark.parametrize(
    ("report", "past"),
    [
        (SEEN, ()),
        (SEEN, (CREATED, HEALTHY)),
        (SEEN, (CREATED, DELETED)),
        (SEEN.model_copy(update={"generation": 2}), (CREATED,)),
        (SEEN.model_copy(update={"generation": 2}), (CREATED, HEALTHY, ASLEEP)),
        (ILL, (CREATED,)),
        (ILL, (CREATED, HEALTHY, UNHEALTHY)),
        (STOPPED, (CREATED, HEALTHY, ASLEEP, HIBERNATED)),
        (BROKEN, (CREATED, FAILED)),
        (BROKEN, (CREATED, FAILED, RETRIED)),
        (GONE, (CREATED,)),
        (GONE, (CREATED, DELETED)),
        (GONE, (CREATED, HARD_DELETED, REMOVED)),
        (GONE.model_copy(update={"generation": 1}), (CREATED, HARD_DELETED)),
    ],
)
def test_a_report_that_is_old_or_known_changes_nothing(
    report: DeploymentCommand, past: tuple[DeploymentEvent, ...]
) -> None:
    assert decide(report, given(*past)) == []


def test_a_failure_keeps_little_of_what_was_written() -> None:
    long = BROKEN.model_copy(update={"lines": tuple(f"{n} {'x' * 1000}" for n in range(30)), "reason": "y" * 1000})
    [failed] = decide(long, given(CREATED))
    assert isinstance(failed, DeploymentFailed)
    lines = json.loads(clear_text(failed.lines))
    assert (len(lines), len(lines[0]), lines[-1][:3], len(failed.reason)) == (20, 500, "29 ", 500)


def test_one_sleeps_and_wakes_once() -> None:
    asleep = HibernateDeployment(deployment_id=ID, now=LATER)
    awake = WakeDeployment(deployment_id=ID, now=LATER)
    assert decide(asleep, given(CREATED)) == [ASLEEP]
    assert decide(asleep, given(CREATED, ASLEEP)) == []
    assert decide(awake, given(CREATED, ASLEEP)) == [AWAKE]
    assert decide(awake, given(CREATED)) == []


def test_only_what_failed_is_tried_again() -> None:
    again = RetryDeployment(deployment_id=ID, now=LATER)
    assert decide(again, given(CREATED, FAILED)) == [RETRIED]
    with pytest.raises(Rejected, match="nothing"):
        decide(again, given(CREATED))
    with pytest.raises(NotFound):
        decide(again, given())


def test_a_deletion_that_failed_is_tried_again() -> None:
    again = RetryDeployment(deployment_id=ID, now=LATER)
    failed = FAILED.model_copy(update={"generation": 2})
    assert decide(again, given(CREATED, HARD_DELETED, failed)) == [RETRIED.model_copy(update={"generation": 3})]


def test_another_version_is_wished_and_the_wish_taken_back() -> None:
    wanted = SetAirflowVersion(deployment_id=ID, airflow_version="3.4.0", now=LATER)
    back = wanted.model_copy(update={"airflow_version": CREATED.airflow_version})
    assert decide(wanted, given(CREATED, HEALTHY)) == [VERSION_SET]
    assert decide(wanted, given(CREATED, HEALTHY, VERSION_SET)) == []
    cancelled = VERSION_SET.model_copy(update={"airflow_version": CREATED.airflow_version, "generation": 3})
    assert decide(back, given(CREATED, HEALTHY, VERSION_SET)) == [cancelled]


def test_an_older_version_than_the_one_that_runs_is_refused() -> None:
    older = SetAirflowVersion(deployment_id=ID, airflow_version="2.11.2", now=LATER)
    with pytest.raises(Rejected) as error:
        decide(older, given(CREATED, HEALTHY))
    assert error.value.rule == Rule.AIRFLOW_DOWNGRADE


@pytest.mark.parametrize(
    ("version", "other", "older"),
    [
        ("2.11.2", "3.0.0", True),
        ("3.3.2", "3.3.2", False),
        ("3.10.0", "3.9.0", False),
        ("3.3.2", "", False),
        ("x", "3.3.2", False),
    ],
)
def test_versions_are_compared_by_their_numbers(version: str, other: str, *, older: bool) -> None:
    assert is_older(version, other) is older


def test_what_was_deleted_is_purged_once() -> None:
    purge = PurgeDeployment(deployment_id=ID, now=LATER)
    assert decide(purge, given(CREATED, DELETED)) == [PURGED]
    for past in ((), (CREATED,), (CREATED, HARD_DELETED), (CREATED, DELETED, PURGED)):
        assert decide(purge, given(*past)) == []
