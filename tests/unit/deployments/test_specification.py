"""What a deployment may ask for. Numbers and names are those of houston.md, sections 7.1, 7.4 and 7.5."""

from typing import Any

import pytest
from pydantic import JsonValue

from services.deployments.contract import DeploymentCreated, EnvironmentVariable, Executor, Rule
from services.deployments.domain.deployment import decide
from services.deployments.domain.specification import check_specification
from services.deployments.domain.state import Absent
from shared.errors import AerodromeError, Invalid, Rejected
from tests.unit.deployments.examples import CREATE


def refused(**asked: Any) -> AerodromeError:
    with pytest.raises((Invalid, Rejected)) as error:
        check_specification(CREATE.model_copy(update=asked))
    return error.value


def limits(component: str, **values: JsonValue) -> dict[str, JsonValue]:
    return {component: {"resources": {"limits": values}}}


def variables(*names: str) -> tuple[EnvironmentVariable, ...]:
    return tuple(EnvironmentVariable(key=name, value="x") for name in names)


@pytest.mark.parametrize("label", ["x", "x" * 255, "ü" * 255])
def test_a_label_has_up_to_255_characters(label: str) -> None:
    check_specification(CREATE.model_copy(update={"label": label}))


@pytest.mark.parametrize("label", ["", " ", "x" * 256])
def test_a_label_is_neither_empty_nor_longer(label: str) -> None:
    assert refused(label=label).rule == Rule.INVALID_LABEL


@pytest.mark.parametrize("type_", ["", "Airflow", "spark"])
def test_there_is_one_type(type_: str) -> None:
    assert refused(type=type_).rule == Rule.INVALID_TYPE


def test_a_description_ends_at_255_characters() -> None:
    check_specification(CREATE.model_copy(update={"description": "x" * 255}))
    assert refused(description="x" * 256).rule == Rule.INVALID_DESCRIPTION


@pytest.mark.parametrize("field", ["version", "airflow_version"])
@pytest.mark.parametrize("version", ["1 0", "../1", "-1", "x" * 65])
def test_a_version_looks_like_one(field: str, version: str) -> None:
    assert refused(**{field: version}).rule == Rule.INVALID_VERSION


@pytest.mark.parametrize("name", ["UPPER", "-x", "x-", "a.b", "x" * 53])
def test_a_release_name_by_hand_fits_a_host(name: str) -> None:
    assert refused(release_name=name).rule == Rule.INVALID_RELEASE_NAME


@pytest.mark.parametrize("named", ["SequentialExecutor", 1, ["CeleryExecutor"]])
def test_an_unknown_executor_is_refused(named: JsonValue) -> None:
    assert refused(config={"executor": named}).rule == Rule.INVALID_EXECUTOR


def test_one_reserved_variable_is_named_whatever_its_case() -> None:
    error = refused(env=variables("FINE", "airflow__core__Fernet_Key"))
    assert (error.rule, error.details) == (
        Rule.RESERVED_VARIABLE,
        {"variables": "airflow__core__Fernet_Key", "verb": "is"},
    )


def test_several_reserved_variables_are_named_in_one_sentence() -> None:
    names = ("AIRFLOW__CORE__EXECUTOR", "AIRFLOW__CELERY__BROKER_URL", "AIRFLOW__KUBERNETES__NAMESPACE")
    assert refused(env=variables(*names)).details == {
        "variables": f"{names[0]}, {names[1]} and {names[2]}",
        "verb": "are",
    }


@pytest.mark.parametrize("names", [("",), ("1X",), ("A-B",), ("A=B",), ("A", "A"), ("x" * 256,)])
def test_a_variable_has_a_proper_name_once(names: tuple[str, ...]) -> None:
    assert refused(env=variables(*names)).rule == Rule.INVALID_VARIABLE


def test_a_variable_and_their_number_are_bounded() -> None:
    assert refused(env=(EnvironmentVariable(key="A", value="x" * 32769),)).rule == Rule.INVALID_VARIABLE
    assert refused(env=variables(*(f"V{n}" for n in range(501)))).rule == Rule.INVALID_VARIABLE


@pytest.mark.parametrize("component", ["scheduler", "webserver"])
@pytest.mark.parametrize("cpu", [3500, 3500.0, "3500m", "3.5", 0])
def test_a_pod_may_have_3500_millicores(component: str, cpu: JsonValue) -> None:
    check_specification(CREATE.model_copy(update={"config": limits(component, cpu=cpu)}))


@pytest.mark.parametrize("component", ["scheduler", "webserver"])
@pytest.mark.parametrize("cpu", [3501, "3501m", "4"])
def test_a_pod_has_no_more_cpu(component: str, cpu: JsonValue) -> None:
    assert refused(config=limits(component, cpu=cpu)).rule == Rule.MAX_CPU_EXCEEDED


@pytest.mark.parametrize("memory", [13440, "13440Mi", "13.125Gi"])
def test_a_pod_may_have_13440_mebibytes(memory: JsonValue) -> None:
    check_specification(CREATE.model_copy(update={"config": limits("scheduler", memory=memory)}))


@pytest.mark.parametrize("memory", [13441, "13441Mi", "14Gi"])
def test_a_pod_has_no_more_memory(memory: JsonValue) -> None:
    assert refused(config=limits("webserver", memory=memory)).rule == Rule.MAX_MEMORY_EXCEEDED


@pytest.mark.parametrize(
    "config",
    [
        limits("scheduler", cpu="much"),
        limits("scheduler", cpu=True),
        limits("scheduler", cpu=-1),
        limits("scheduler", memory="13T"),
        {"scheduler": "big"},
        {"scheduler": {"resources": []}},
        {"blob": "x" * 65536},
        {"number": float("nan")},
    ],
)
def test_a_configuration_that_means_nothing_is_refused(config: dict[str, JsonValue]) -> None:
    assert refused(config=config).rule == Rule.INVALID_CONFIG


def test_a_configuration_is_not_too_deep() -> None:
    deep: JsonValue = 1
    for _ in range(21):
        deep = {"x": deep}
    assert refused(config={"deep": deep}).rule == Rule.INVALID_CONFIG


def test_unknown_components_and_keys_are_kept_verbatim() -> None:
    config: dict[str, JsonValue] = {"anything": [1, {"x": None}], **limits("workers", cpu=99999)}
    [created] = decide(CREATE.model_copy(update={"config": config}), Absent())
    assert created.model_dump()["config"] == {**config, "executor": "CeleryExecutor"}


def test_kubernetes_with_own_limits_needs_its_extra_units() -> None:
    asked = {"executor": Executor.KUBERNETES, "config": limits("scheduler", cpu=100)}
    assert refused(**asked, properties={"extra_au": 9}).rule == Rule.MIN_EXTRA_AU_NOT_MET
    check_specification(CREATE.model_copy(update={**asked, "properties": {"extra_au": 10}}))
    check_specification(CREATE.model_copy(update={**asked, "executor": Executor.LOCAL, "properties": {"extra_au": 9}}))


def test_an_unknown_property_is_named() -> None:
    error = refused(properties={"extra_au": 1, "colour": "red"})
    assert (error.code, error.rule, error.details) == ("rejected", Rule.INVALID_PROPERTY, {"property": "colour"})


@pytest.mark.parametrize(
    "properties",
    [
        {"extra_au": -1},
        {"extra_au": 401},
        {"extra_au": "1"},
        {"extra_au": True},
        {"component_version": 1},
        {"alert_emails": "a@example.com"},
        {"alert_emails": [1]},
        {"alert_emails": ["a@example.com"] * 101},
    ],
)
def test_a_property_has_a_value_of_its_kind(properties: dict[str, JsonValue]) -> None:
    assert refused(properties=properties).rule == Rule.INVALID_PROPERTY


def test_what_is_checked_first_is_told_first() -> None:
    wrong_label = {"label": ""}
    wrong_property = {**wrong_label, "properties": {"colour": "red"}}
    wrong_limits = {**wrong_property, "config": limits("scheduler", cpu=9999)}
    wrong_env = {**wrong_limits, "env": variables("AIRFLOW__CORE__EXECUTOR")}
    assert refused(**wrong_property).rule == Rule.INVALID_PROPERTY
    assert refused(**wrong_limits).rule == Rule.MAX_CPU_EXCEEDED
    assert refused(**wrong_env).rule == Rule.RESERVED_VARIABLE


def test_secrets_stand_in_sealed_fields_alone() -> None:
    asked = {"env": variables("TOKEN"), "properties": {"extra_au": 1, "alert_emails": ["a@example.com"]}}
    [created] = decide(CREATE.model_copy(update=asked), Absent())
    assert isinstance(created, DeploymentCreated)
    assert (created.env_keys, created.env, created.alert_emails) == (("TOKEN",), '{"TOKEN":"x"}', '["a@example.com"]')
    assert created.properties == {"extra_au": 1}
