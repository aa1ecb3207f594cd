"""What an Airflow is told, by its line: listens on 127.0.0.1 alone, few workers, and nothing of ours."""

from pathlib import Path

import pytest

from services.deployments.contract import Executor
from services.deployments.runner.configuration import part_command, parts_of, user_command, variables_of
from services.deployments.runner.environments import Environment
from services.deployments.runner.processes import MARK
from services.deployments.runner.versions import VERSIONS, Part
from shared.errors import Invalid
from tests.unit.deployments.runner.specs import SECRETS, spec

ENVIRONMENT = Environment(Path("/environments/one"))
OUTSIDE = {"PATH": "/usr/bin", "LANG": "C.UTF-8", "https_proxy": "http://proxy", "AERODROME_MASTER_KEY": "ours"}
NEW, OLD = "3.3.2", "2.11.2"


@pytest.mark.parametrize("number", VERSIONS)
def test_an_airflow_listens_on_127_0_0_1_alone(number: str) -> None:
    wanted = spec(number)
    names = wanted.version.line.names

    told = variables_of(wanted, ENVIRONMENT, OUTSIDE)

    assert (told[names.host], told[names.port]) == ("127.0.0.1", "18080")
    assert told["AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK"] == "False"
    for part in (Part.SCHEDULER, Part.TRIGGERER):
        assert "--skip-serve-logs" in part_command(wanted, ENVIRONMENT, part, OUTSIDE).program


@pytest.mark.parametrize("number", VERSIONS)
def test_no_command_line_holds_a_secret(number: str) -> None:
    wanted = spec(number)
    commands = [part_command(wanted, ENVIRONMENT, part, OUTSIDE) for part in parts_of(wanted)]

    for each in (*commands, user_command(wanted, ENVIRONMENT, OUTSIDE)):
        assert not [word for word in each.program if any(secret in word for secret in SECRETS.all())]


@pytest.mark.parametrize("number", VERSIONS)
def test_of_our_own_environment_no_secret_reaches_an_airflow(number: str) -> None:
    told = variables_of(spec(number, env={"AERODROME_MASTER_KEY": "theirs", "GREETING": "hello"}), ENVIRONMENT, OUTSIDE)

    assert {name: value for name, value in told.items() if name.startswith("AERODROME_")} == {MARK: "here:me"}
    assert (told["LANG"], told["https_proxy"], told["GREETING"]) == ("C.UTF-8", "http://proxy", "hello")
    assert told["PATH"] == "/environments/one/bin:/usr/bin"


@pytest.mark.parametrize("number", VERSIONS)
def test_the_variables_of_a_deployment_change_defaults_but_not_what_keeps_it_apart(number: str) -> None:
    names = spec(number).version.line.names
    own = {"AIRFLOW__CORE__LOAD_EXAMPLES": "True", names.host: "0.0.0.0", "AIRFLOW__CORE__PARALLELISM": "99"}

    told = variables_of(spec(number, env=own), ENVIRONMENT, OUTSIDE)

    assert told["AIRFLOW__CORE__LOAD_EXAMPLES"] == "True"
    assert told[names.host] == "127.0.0.1"
    assert told["AIRFLOW__CORE__PARALLELISM"] == "2"


def test_the_lines_have_their_own_door_and_settings() -> None:
    new, old = (variables_of(spec(number), ENVIRONMENT, OUTSIDE) for number in (NEW, OLD))

    assert parts_of(spec(NEW)) == (Part.API_SERVER, Part.SCHEDULER, Part.DAG_PROCESSOR, Part.TRIGGERER)
    assert parts_of(spec(OLD)) == (Part.WEBSERVER, Part.SCHEDULER, Part.DAG_PROCESSOR, Part.TRIGGERER)
    assert old["AIRFLOW__SCHEDULER__STANDALONE_DAG_PROCESSOR"] == "True"
    assert new["AIRFLOW__LOGGING__JSON_LOGS"] == "True"
    assert "AIRFLOW__LOGGING__JSON_LOGS" not in old
    assert "AIRFLOW__SCHEDULER__STANDALONE_DAG_PROCESSOR" not in new


def test_a_password_is_quoted_in_the_address_of_the_database() -> None:
    told = variables_of(spec(NEW), ENVIRONMENT, OUTSIDE)

    connection = told["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
    assert connection == "postgresql+psycopg2://airflow_x:database%2Fpassword@127.0.0.1:15432/airflow_x"


def test_no_secret_shows_in_the_text_of_a_specification_or_a_command() -> None:
    shown = f"{spec(NEW, env={'PASSWORD': 'hunter2'})} {part_command(spec(NEW), ENVIRONMENT, Part.SCHEDULER, OUTSIDE)}"

    assert not [secret for secret in (*SECRETS.all(), "hunter2") if secret in shown]


def test_an_airflow_without_triggerer_has_none() -> None:
    assert Part.TRIGGERER not in parts_of(spec(NEW, triggerer=False))


@pytest.mark.parametrize("parallelism", [0, 5, 32])
def test_more_workers_than_four_or_none_are_refused(parallelism: int) -> None:
    with pytest.raises(Invalid, match=f"parallelism is {parallelism}, expected 1 to 4"):
        spec(NEW, parallelism=parallelism)


@pytest.mark.parametrize("number", VERSIONS)
def test_celery_has_a_worker_and_its_database_as_broker(number: str) -> None:
    wanted = spec(number, executor=Executor.CELERY, parallelism=3)

    told = variables_of(wanted, ENVIRONMENT, OUTSIDE)

    assert parts_of(wanted)[-1] is Part.WORKER
    program = part_command(wanted, ENVIRONMENT, Part.WORKER, OUTSIDE).program
    assert program[-5:] == ("celery", "worker", "--skip-serve-logs", "--without-mingle", "--without-gossip")
    assert (told["AIRFLOW__CORE__EXECUTOR"], told["AIRFLOW__CELERY__WORKER_CONCURRENCY"]) == ("CeleryExecutor", "3")
    assert told["AIRFLOW__CELERY__BROKER_URL"] == f"sqla+{told['AIRFLOW__DATABASE__SQL_ALCHEMY_CONN']}"


def test_an_environment_is_named_by_what_it_has_beside_the_packages_of_its_day() -> None:
    new, old = VERSIONS[NEW], VERSIONS[OLD]
    assert not new.recipe(("celery", "postgres"))
    assert old.recipe(("postgres",)) != old.recipe(("celery", "postgres"))
    assert len(old.recipe(("postgres",))) == 6
