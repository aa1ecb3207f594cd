"""An image is named as registries name it, stands in the configuration, and brings its own version of Airflow."""

import pytest

from services.deployments.contract import (
    DeployImage,
    DeploymentEvent,
    DeploymentImageDeployed,
    DeploymentRow,
    DeploymentUpdated,
    JsonObject,
    Rule,
    UpdateDeployment,
    cli_number,
)
from services.deployments.domain.deployment import decide
from services.deployments.domain.images import Image, image_of, latest_cli_tag, read_image, with_image
from services.deployments.domain.row import evolve_row
from services.deployments.domain.state import Absent, Deployment, Live, evolve
from shared.errors import Invalid, Rejected
from tests.unit.deployments.examples import CREATE, CREATED, HEALTHY, ID, IMAGED, LATER, VERSION_SET

REFERENCE = "registry.example.com/nightly/airflow:cli-7"
DEPLOY = DeployImage(deployment_id=ID, image=REFERENCE, now=LATER)
OLD = CREATED.model_copy(update={"airflow_version": "3.1.8"})


def given(*events: DeploymentEvent) -> Deployment:
    deployment: Deployment = Absent()
    for event in events:
        deployment = evolve(deployment, event)
    return deployment


def fold(*events: DeploymentEvent) -> DeploymentRow:
    row: DeploymentRow | None = None
    for event in events:
        row = evolve_row(row, event)
    assert row is not None
    return row


def wished(version: str) -> DeploymentEvent:
    """Return the wish for a version, as the second generation."""
    return VERSION_SET.model_copy(update={"airflow_version": version})


@pytest.mark.parametrize(
    ("text", "image"),
    [
        (REFERENCE, Image("registry.example.com/nightly/airflow", "cli-7")),
        ("registry:5000/airflow", Image("registry:5000/airflow", "latest")),
        ("localhost:5000/a/b:1", Image("localhost:5000/a/b", "1")),
        ("apache/airflow:3.3.2", Image("apache/airflow", "3.3.2")),
        (f"airflow@sha256:{'0' * 64}", Image("airflow@sha256", "0" * 64)),
    ],
)
def test_an_image_is_named_by_repository_and_tag(text: str, image: Image) -> None:
    assert read_image(text) == image


@pytest.mark.parametrize("text", ["", ":tag", "a:", "a b:1", "a:b c", "a/:1", "-a:1", "a:" + "x" * 129, "a" * 600])
def test_what_names_no_image_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_image(text)
    assert refused.value.rule == Rule.INVALID_IMAGE


@pytest.mark.parametrize(("tag", "number"), [("cli-7", 7), ("deploy-12", 12), ("7", 0), ("cli-x", 0), ("", 0)])
def test_tags_of_the_command_line_are_counted(tag: str, number: int) -> None:
    assert cli_number(tag) == number


def test_the_rest_of_a_configuration_stays_as_it_was() -> None:
    before: JsonObject = {
        "executor": "x",
        "images": {"flower": {"tag": "f"}, "airflow": {"pullPolicy": "Always", "tag": "old"}},
    }
    assert with_image(before, Image("r", "t")) == {
        "executor": "x",
        "images": {"flower": {"tag": "f"}, "airflow": {"pullPolicy": "Always", "repository": "r", "tag": "t"}},
    }


@pytest.mark.parametrize(
    "config", [{}, {"images": 1}, {"images": {"airflow": []}}, {"images": {"airflow": {"tag": 1}}}]
)
def test_a_configuration_may_name_none(config: JsonObject) -> None:
    assert image_of(config) == Image("", "")
    assert latest_cli_tag("cli-1", config) == "cli-1"


def test_an_image_is_the_next_wish() -> None:
    assert decide(DEPLOY, given(CREATED, HEALTHY)) == [IMAGED]
    state = given(CREATED, HEALTHY, IMAGED)
    assert isinstance(state, Live)
    assert image_of(state.wish.config) == Image("registry.example.com/nightly/airflow", "cli-7")
    assert state.generation == 2


def test_the_same_image_again_is_no_news() -> None:
    assert decide(DEPLOY, given(CREATED, HEALTHY, IMAGED)) == []
    assert decide(DEPLOY, given(CREATED, HEALTHY, IMAGED, HEALTHY)) == []


def test_an_image_may_come_with_the_creation() -> None:
    [created] = decide(CREATE.model_copy(update={"image": REFERENCE}), given())
    assert fold(created).config["images"] == {"airflow": {"repository": IMAGED.repository, "tag": "cli-7"}}


@pytest.mark.parametrize(
    ("past", "version", "expected"),
    [
        ((OLD, HEALTHY), "3.3.2", ("3.3.2", "3.3.2")),  # a later image upgrades
        ((OLD, HEALTHY), "", ("3.1.8", "3.1.8")),  # an unknown one is of the version that runs
        ((OLD, HEALTHY, wished("3.3.2")), "3.1.8", ("3.1.8", "3.3.2")),  # the upgrade that is wished stays so
        ((OLD, HEALTHY, wished("3.3.2")), "3.3.2", ("3.3.2", "3.3.2")),  # until its image comes
        ((OLD, HEALTHY, wished("3.2.0")), "3.3.2", ("3.3.2", "3.3.2")),  # or a later one
        ((OLD,), "2.11.2", ("2.11.2", "2.11.2")),  # nothing ran yet, so nothing is a step back
        ((OLD,), "", ("3.1.8", "3.1.8")),
    ],
)
def test_the_version_that_runs_is_that_of_the_image(
    past: tuple[DeploymentEvent, ...], version: str, expected: tuple[str, str]
) -> None:
    [deployed] = decide(DEPLOY.model_copy(update={"airflow_version": version}), given(*past))
    assert isinstance(deployed, DeploymentImageDeployed)
    row = fold(*past, deployed, HEALTHY)
    assert (row.airflow_version, row.desired_airflow_version) == expected
    state = given(*past, deployed, HEALTHY)
    assert isinstance(state, Live)
    assert (state.airflow_version, state.wish.airflow_version) == expected


def test_a_wished_version_does_not_run_before_its_image_is_there() -> None:
    past = (OLD, HEALTHY, IMAGED.model_copy(update={"image_version": "3.1.8", "airflow_version": "3.1.8"}), HEALTHY)
    later = wished("3.3.2").model_copy(update={"generation": 3})
    assert fold(*past, later, HEALTHY).airflow_version == "3.1.8"
    state = given(*past, later)
    assert isinstance(state, Live)
    assert state.wish.next_version == "3.1.8"


def test_an_older_airflow_is_refused() -> None:
    with pytest.raises(Rejected) as refused:
        decide(DEPLOY.model_copy(update={"airflow_version": "2.11.2"}), given(OLD, HEALTHY))
    assert refused.value.rule == Rule.AIRFLOW_DOWNGRADE


def test_another_image_by_configuration_is_of_an_unknown_version() -> None:
    other: JsonObject = {"executor": "CeleryExecutor", "images": {"airflow": {"repository": "r", "tag": "cli-3"}}}
    state = given(CREATED, HEALTHY, IMAGED)
    [updated] = decide(UpdateDeployment(deployment_id=ID, config=other, now=LATER), state)
    assert isinstance(updated, DeploymentUpdated)
    row = fold(CREATED, HEALTHY, IMAGED, updated)
    assert (row.image_version, row.cli_tag) == ("", "cli-7")  # the highest number that there ever was
    after = given(CREATED, HEALTHY, IMAGED, updated)
    assert isinstance(after, Live)
    assert after.wish.image_version == ""


def test_another_setting_leaves_the_image_what_it_is() -> None:
    state = given(CREATED, HEALTHY, IMAGED)
    [updated] = decide(UpdateDeployment(deployment_id=ID, config_patch={"x": 1}, now=LATER), state)
    assert fold(CREATED, HEALTHY, IMAGED, updated).image_version == IMAGED.image_version
