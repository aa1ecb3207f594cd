"""Who may know of a deployment, and what follows from its events for the driver."""

import pytest

from services.deployments.access import require_sees, seen_entities, sees
from services.deployments.contract import DeploymentEvent, DeploymentId, WorkspaceId
from services.deployments.policies import DRIVE, DriverJob, DriverPolicy, Wish
from services.identity.contract import ROLE_PERMISSIONS, Role
from shared.auth import ANONYMOUS, Grant, Principal, PrincipalKind
from shared.errors import NotFound, Unauthenticated
from tests.unit.deployments.examples import CREATED, DELETED, HEALTHY, ID, REMOVED, WORKSPACE_ID, recorded


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


@pytest.mark.parametrize(("event", "generation", "wish"), [(CREATED, 1, Wish.APPLY), (DELETED, 2, Wish.DELETE)])
def test_a_wish_is_one_job_a_generation(event: DeploymentEvent, generation: int, wish: Wish) -> None:
    [job] = DriverPolicy().jobs(recorded(event))
    assert (job.kind, job.key) == (DRIVE, f"{ID}/{generation}")
    assert DriverJob.model_validate_json(job.payload) == DriverJob(deployment_id=ID, generation=generation, wish=wish)


@pytest.mark.parametrize("event", [HEALTHY, REMOVED])
def test_what_the_driver_reported_is_no_new_job(event: DeploymentEvent) -> None:
    assert list(DriverPolicy().jobs(recorded(event))) == []
