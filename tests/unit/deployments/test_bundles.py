"""Which DAG files a deployment runs: each content is one version, and earlier ones come back."""

import pytest

from services.deployments.contract import (
    KEPT_BUNDLES,
    ActivateDags,
    BundleRow,
    DeployDags,
    DeploymentDagsDeployed,
    DeploymentEvent,
    Rule,
    State,
)
from services.deployments.domain.bundles import AddBundle
from services.deployments.domain.deployment import decide
from services.deployments.domain.row import evolve_row
from services.deployments.domain.state import Absent, Deployment, Live, evolve
from shared.errors import NotFound, Rejected
from tests.unit.deployments.examples import ACTIVATED, CREATED, DELETED, DEPLOYED, HEALTHY, ID, LATER


def given(*events: DeploymentEvent) -> Deployment:
    deployment: Deployment = Absent()
    for event in events:
        deployment = evolve(deployment, event)
    return deployment


def bundle(mark: str) -> AddBundle:
    wish = DeployDags(deployment_id=ID, object_name="o", sha256=mark * 64, size=100, description="first", now=LATER)
    return AddBundle(wish, files=2)


SECOND = DEPLOYED.model_copy(update={"version": 2, "sha256": "b" * 64, "generation": 3})


def test_each_content_is_the_next_version() -> None:
    assert decide(bundle("a"), given(CREATED, HEALTHY)) == [DEPLOYED]
    assert decide(bundle("b"), given(CREATED, HEALTHY, DEPLOYED)) == [SECOND]


def test_the_same_content_is_the_same_version() -> None:
    assert decide(bundle("a"), given(CREATED, DEPLOYED)) == []
    assert decide(bundle("a"), given(CREATED, DEPLOYED, SECOND)) == [ACTIVATED]


def test_an_earlier_version_comes_back_by_its_number() -> None:
    back = ActivateDags(deployment_id=ID, version=1, now=LATER)
    assert decide(back, given(CREATED, DEPLOYED, SECOND)) == [ACTIVATED]
    assert decide(back, given(CREATED, DEPLOYED)) == []
    with pytest.raises(Rejected) as error:
        decide(back.model_copy(update={"version": 3}), given(CREATED, DEPLOYED))
    assert error.value.rule == Rule.UNKNOWN_BUNDLE
    with pytest.raises(NotFound):
        decide(back, given(CREATED, DELETED))


def test_the_last_twenty_are_kept() -> None:
    many: list[DeploymentDagsDeployed] = [
        DEPLOYED.model_copy(update={"version": n, "sha256": f"{n:064}", "generation": n + 1}) for n in range(1, 25)
    ]
    live = given(CREATED, *many)
    assert isinstance(live, Live)
    assert [each.version for each in live.bundles] == list(range(24 - KEPT_BUNDLES + 1, 25))
    [again] = decide(bundle("c"), live)
    assert isinstance(again, DeploymentDagsDeployed)
    assert again.version == 25


def test_the_row_shows_bundles_and_which_runs() -> None:
    row = evolve_row(evolve_row(evolve_row(None, CREATED), HEALTHY), DEPLOYED)
    assert row is not None
    shown = BundleRow(version=1, sha256="a" * 64, size=100, files=2, description="first", deployed_at=LATER)
    assert (row.state, row.bundles, row.active_bundle, row.generation) == (State.UPDATING, (shown,), 1, 2)
    back = evolve_row(evolve_row(row, SECOND), ACTIVATED)
    assert back is not None
    assert (back.active_bundle, len(back.bundles)) == (1, 2)
