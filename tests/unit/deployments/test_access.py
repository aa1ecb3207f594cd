"""Who may know of a deployment, and what follows from its events for the driver."""

from datetime import timedelta

import pytest

from services.deployments.access import require_sees, seen_entities, sees
from services.deployments.contract import DeploymentEvent, DeploymentId, WorkspaceId
from services.deployments.policies import DRIVE, PURGE, DriverJob, DriverPolicy, PurgeJob
from services.identity.contract import ROLE_PERMISSIONS, Role
from shared.auth import ANONYMOUS, Grant, Principal, PrincipalKind
from shared.errors import NotFound, Unauthenticated
from tests.unit.deployments.examples import (
    ASLEEP,
    CREATED,
    DELETED,
    FAILED,
    HARD_DELETED,
    HEALTHY,
    HIBERNATED,
    ID,
    LATER,
    PURGED,
    REMOVED,
    UNHEALTHY,
    UPDATED,
    WORKSPACE_ID,
    recorded,
)


def holding(*grants: tuple[Role, str]) -> Principal:
    return Principal(
        kind=PrincipalKind.USER,
        subject="cuser",
        grants=tuple(Grant(role=role, entity=entity) for role, entity in grants),
        permission_sets={role: ROLE_PERMISSIONS[role] for role, _ in grants},
    )


@pytest.mark.parametrize(
    ("role", "entity", "seen"),
    [
        (Role.SYSTEM_VIEWER, "system", True),
        (Role.SYSTEM_ADMIN, "system", True),
        (Role.WORKSPACE_VIEWER, f"workspace:{WORKSPACE_ID}", True),
        (Role.WORKSPACE_ADMIN, "workspace:cother", False),
        (Role.DEPLOYMENT_VIEWER, f"deployment:{ID}", True),
        (Role.DEPLOYMENT_ADMIN, "deployment:cother", False),
        (Role.USER, "system", False),
    ],
)
def test_a_deployment_is_seen_by_those_who_hold_a_role_over_it(role: Role, entity: str, *, seen: bool) -> None:
    assert sees(holding((role, entity)), ID, WORKSPACE_ID) is seen


def test_what_is_not_seen_does_not_exist() -> None:
    with pytest.raises(NotFound):
        require_sees(holding((Role.USER, "system")), DeploymentId("c1"), WorkspaceId("w1"))
    with pytest.raises(Unauthenticated):
        require_sees(ANONYMOUS, DeploymentId("c1"), WorkspaceId("w1"))


def test_lists_are_narrowed_to_the_entities_of_the_grants() -> None:
    somebody = holding(
        (Role.WORKSPACE_VIEWER, "workspace:w1"), (Role.DEPLOYMENT_VIEWER, "deployment:d1"), (Role.USER, "system")
    )
    assert seen_entities(somebody) == ("deployment:d1", "workspace:w1")


POLICY = DriverPolicy(kept=timedelta(days=14))


@pytest.mark.parametrize(
    ("event", "generation"), [(CREATED, 1), (UPDATED, 2), (ASLEEP, 2), (HARD_DELETED, 2), (PURGED, 3)]
)
def test_a_wish_is_one_job_a_generation(event: DeploymentEvent, generation: int) -> None:
    [job] = POLICY.jobs(recorded(event))
    assert (job.kind, job.key) == (DRIVE, f"{ID}/{generation}")
    assert DriverJob.model_validate_json(job.payload) == DriverJob(deployment_id=ID, generation=generation)


def test_the_data_of_a_deleted_one_are_purged_after_their_days() -> None:
    drive, purge = POLICY.jobs(recorded(DELETED))
    assert drive.kind == DRIVE
    assert (purge.kind, purge.not_before) == (PURGE, LATER + timedelta(days=14))
    assert PurgeJob.model_validate_json(purge.payload).deployment_id == ID


@pytest.mark.parametrize("event", [HEALTHY, UNHEALTHY, FAILED, HIBERNATED, REMOVED])
def test_what_the_driver_reported_is_no_new_job(event: DeploymentEvent) -> None:
    assert list(POLICY.jobs(recorded(event))) == []
