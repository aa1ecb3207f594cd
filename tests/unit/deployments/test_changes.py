"""What an update leaves, replaces and merges. Source: houston 7.6."""

import json
from typing import Any

import pytest

from services.deployments.contract import DeploymentUpdated, EnvironmentVariable, Executor, Rule, UpdateDeployment
from services.deployments.domain.deployment import decide
from services.deployments.domain.state import Absent, Live, evolve
from shared.errors import Invalid, Rejected
from shared.store.personal import clear_text
from tests.unit.deployments.examples import CREATED, ID, LATER

SECRET = EnvironmentVariable(key="TOKEN", value="old")
GIVEN = CREATED.model_copy(
    update={
        "config": {"executor": "CeleryExecutor", "workers": {"replicas": 1, "resources": {"cpu": 1}}},
        "properties": {"extra_au": 2},
        "alert_emails": '["a@example.com"]',
        "env_keys": ("TOKEN", "PLAIN"),
        "plain_keys": ("PLAIN",),
        "env": '{"TOKEN": "old", "PLAIN": "seen"}',
    }
)


def given() -> Live:
    live = evolve(Absent(), GIVEN)
    assert isinstance(live, Live)
    return live


def updated(**asked: Any) -> DeploymentUpdated:
    [event] = decide(UpdateDeployment(deployment_id=ID, now=LATER, **asked), given())
    assert isinstance(event, DeploymentUpdated)
    return event


def changes(event: DeploymentUpdated) -> dict[str, Any]:
    kept = {"deployment_id", "generation", "updated_at"}
    return {name: value for name, value in event.model_dump().items() if value is not None and name not in kept}


def test_texts_and_addresses_never_reach_the_driver() -> None:
    event = updated(label="other", description="new", properties={"alert_emails": ["b@example.com"]})
    assert event.generation == 1
    assert changes(event) == {"label": "other", "description": "new", "alert_emails": '["b@example.com"]'}


def test_a_configuration_is_replaced_or_merged() -> None:
    assert changes(updated(config={"a": 1})) == {"config": {"a": 1, "executor": "CeleryExecutor"}}
    merged = updated(config_patch={"workers": {"replicas": 2}})
    assert merged.generation == 2
    assert changes(merged)["config"]["workers"] == {"replicas": 2, "resources": {"cpu": 1}}


def test_the_executor_is_named_by_itself_or_by_the_configuration() -> None:
    by_name = changes(updated(executor=Executor.LOCAL))
    assert by_name["executor"] is Executor.LOCAL
    assert by_name["config"]["executor"] == "LocalExecutor"
    assert changes(updated(config_patch={"executor": "LocalExecutor"}))["executor"] is Executor.LOCAL
    with pytest.raises(Invalid):
        updated(config={"executor": "Nothing"})


def test_properties_that_are_not_named_stay() -> None:
    assert changes(updated(properties={"component_version": "1"})) == {
        "properties": {"extra_au": 2, "component_version": "1"}
    }


def test_the_environment_is_replaced_and_unsent_secrets_stay() -> None:
    event = updated(env=(EnvironmentVariable(key="TOKEN"), EnvironmentVariable(key="NEW", value="n", is_secret=False)))
    assert event.generation == 2
    assert (event.env_keys, event.plain_keys) == (("TOKEN", "NEW"), ("NEW",))
    assert json.loads(clear_text(event.env)) == {"TOKEN": "old", "NEW": "n"}


def test_an_environment_can_be_emptied() -> None:
    event = updated(env=())
    assert (event.env_keys, clear_text(event.env)) == ((), "{}")
    after = evolve(given(), event)
    assert isinstance(after, Live)
    assert after.wish.env == ()


def test_what_stands_already_is_no_event() -> None:
    same = UpdateDeployment(deployment_id=ID, label=CREATED.label, config_patch={"workers": {"replicas": 1}}, now=LATER)
    assert decide(same, given()) == []


def test_an_update_obeys_the_rules_of_a_creation() -> None:
    with pytest.raises(Rejected) as error:
        updated(env=(EnvironmentVariable(key="AIRFLOW__CORE__EXECUTOR", value="x"),))
    assert error.value.rule == Rule.RESERVED_VARIABLE
    with pytest.raises(Invalid) as invalid:
        updated(triggerer_replicas=3)
    assert invalid.value.rule == Rule.INVALID_TRIGGERER
    with pytest.raises(Rejected):
        updated(config={"scheduler": {"resources": {"limits": {"cpu": 99999}}}})


def test_the_state_after_an_update_is_what_was_wished() -> None:
    event = updated(label="other", properties={"extra_au": 3}, triggerer_replicas=0, cloud_role="role")
    after = evolve(given(), event)
    assert isinstance(after, Live)
    wish = after.wish
    assert (wish.label, wish.triggerer_replicas, wish.cloud_role) == ("other", 0, "role")
    assert wish.properties == {"extra_au": 3, "alert_emails": ["a@example.com"]}
