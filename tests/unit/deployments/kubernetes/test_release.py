"""What a specification becomes: values of the chart as data, Secrets apart from them."""

import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic import JsonValue

from services.deployments.contract import Executor
from services.deployments.drivers.protocol import StepFailed
from services.deployments.kubernetes.names import installation_of
from services.deployments.kubernetes.release import Release, options_of, secret_object
from services.deployments.kubernetes.values import asleep
from tests.unit.deployments.kubernetes.specs import release, specification
from tests.unit.deployments.runner.specs import SECRETS

NAME = "solar-comet-0042"


def values(made: Release) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(made.values))
    return found


def test_the_values_of_a_new_airflow_with_celery() -> None:
    found = values(release())
    size = {"cpu": "500m", "memory": "1920Mi"}
    resources = {"requests": size, "limits": size}
    assert found["executor"] == "CeleryExecutor"
    assert (found["airflowVersion"], found["defaultAirflowTag"]) == ("3.3.2", "3.3.2")
    assert found["images"] == {"airflow": {"tag": "3.3.2", "pullPolicy": "IfNotPresent"}, "migrationsWaitTimeout": 600}
    assert found["scheduler"] == {"resources": resources, "replicas": 1}
    assert found["apiServer"] == {"resources": resources, "replicas": 1}
    assert found["dagProcessor"] == {"resources": resources, "replicas": 1, "enabled": True}
    assert found["triggerer"] == {"resources": resources, "replicas": 1, "persistence": {"enabled": False}}
    assert found["workers"]["resources"]["limits"] == {"cpu": "1000m", "memory": "3840Mi"}
    assert found["workers"]["replicas"] == 1
    assert found["redis"] == {"passwordSecretName": "aerodrome-broker", "enabled": True}
    assert found["data"] == {"metadataSecretName": "aerodrome-keys", "brokerUrlSecretName": "aerodrome-broker"}
    for name in ("fernetKey", "apiSecretKey", "webserverSecretKey"):
        assert found[f"{name}SecretName"] == "aerodrome-keys"
    assert found["jwtSecretName"] == "aerodrome-keys"
    assert "webserver" not in found
    assert not any(found[name]["enabled"] for name in ("postgresql", "statsd", "flower", "pgbouncer"))


def test_the_jobs_are_no_hooks_for_those_would_wait_for_what_waits_for_them() -> None:
    found = values(release())
    assert found["migrateDatabaseJob"]["useHelmHooks"] is False
    assert found["createUserJob"]["useHelmHooks"] is False
    assert found["createUserJob"]["args"][-1] == "exit 0"
    old = values(release(specification("2.11.2")))
    assert "$(cat /run/aerodrome/password)" in old["createUserJob"]["args"][-1]


def test_it_takes_the_tokens_of_the_door_at_the_address_that_people_reach_it_by() -> None:
    address = f"http://localhost:8871/{NAME}/airflow"
    new, old = (values(release(replace(specification(each), base_url=address))) for each in ("3.3.2", "2.11.2"))
    assert new["config"]["api"] == {"base_url": address}
    assert new["config"]["core"]["auth_manager"].endswith(".SimpleAuthManager")
    assert "admin" not in new["config"]["core"]["simple_auth_manager_users"]
    assert old["config"]["webserver"] == {"base_url": address, "enable_proxy_fix": "True"}
    assert "SECURITY_MANAGER_CLASS" in old["webserver"]["webserverConfig"]
    told = release(specification("2.11.2")).secrets["aerodrome-environment"]
    assert told == {"AIRFLOW__API_AUTH__JWT_SECRET": SECRETS.jwt_secret}
    mine = specification(env={"AIRFLOW__API_AUTH__JWT_ALGORITHM": "none", "AIRFLOW__API_AUTH__JWT_SECRET": "mine"})
    told = release(mine).secrets["aerodrome-environment"]
    assert told["AIRFLOW__API_AUTH__JWT_ALGORITHM"] == "HS512"
    assert told["AIRFLOW__API_AUTH__JWT_SECRET"] == SECRETS.jwt_secret


def test_an_airflow_2_has_a_webserver() -> None:
    made = release(specification("2.11.2", executor=Executor.LOCAL))
    found = values(made)
    assert found["webserver"]["replicas"] == 1
    assert not {"apiServer", "apiSecretKeySecretName", "jwtSecretName"} & set(found)
    assert "auth_manager" not in found["config"]["core"]
    assert made.endpoint == f"http://{NAME}-webserver.aerodrome-{NAME}.svc:8080"
    assert set(made.expected.replicas) == {"scheduler", "webserver", "dag-processor", "triggerer"}


@pytest.mark.parametrize("executor", [Executor.LOCAL, Executor.KUBERNETES])
def test_only_celery_has_workers_that_stay_and_a_broker(executor: Executor) -> None:
    made = release(specification(executor=executor))
    assert not {"worker", "redis"} & set(made.expected.replicas)
    assert values(made)["redis"] == {"enabled": False}
    assert "brokerUrlSecretName" not in values(made)["data"]


def test_replicas_resources_grace_and_image_come_from_the_configuration() -> None:
    config: dict[str, JsonValue] = {
        "scheduler": {"resources": {"limits": {"cpu": 1000, "memory": "4Gi"}}, "replicas": 2},
        "webserver": {"resources": {"limits": {"cpu": "2"}}},
        "workers": {"replicas": 99, "terminationGracePeriodSeconds": 60},
        "images": {"airflow": {"repository": "registry.example.com/a-b/airflow", "tag": "deploy-7", "x": "y"}},
        "extraObjects": [{"kind": "ClusterRoleBinding"}],
    }
    found = values(release(specification(config=config, triggerers=0)))
    assert found["scheduler"]["resources"]["requests"] == {"cpu": "1000m", "memory": "4096Mi"}
    assert found["scheduler"]["replicas"] == 2
    assert found["apiServer"]["resources"]["limits"] == {"cpu": "2000m", "memory": "1920Mi"}
    assert (found["workers"]["replicas"], found["workers"]["terminationGracePeriodSeconds"]) == (10, 60)
    assert (found["triggerer"]["replicas"], found["triggerer"]["enabled"]) == (0, False)
    assert found["images"]["airflow"] == {
        "repository": "registry.example.com/a-b/airflow",
        "tag": "deploy-7",
        "pullPolicy": "IfNotPresent",
    }
    assert "extraObjects" not in found


def test_a_tag_that_moves_is_looked_for() -> None:
    config: dict[str, JsonValue] = {"images": {"airflow": {"repository": "r/a", "tag": "latest"}}}
    assert values(release(specification(config=config)))["images"]["airflow"]["pullPolicy"] == "Always"


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"scheduler": {"resources": {"limits": {"cpu": "much"}}}}, "read the resources failed: scheduler: cpu is not"),
        ({"images": {"airflow": {"tag": 7}}}, "choose the image failed"),
    ],
)
def test_a_configuration_that_cannot_be_read_is_told(config: dict[str, JsonValue], said: str) -> None:
    with pytest.raises(StepFailed, match=said):
        release(specification(config=config))


def test_secrets_are_in_no_value() -> None:
    made = release(specification(env={"TOKEN": "very-secret", "AERODROME_X": "dropped"}), options="?sslmode=require")
    text = json.dumps(made.values)
    for secret in (*SECRETS.all(), "very-secret", made.secrets["aerodrome-broker"]["password"]):
        assert secret not in text
        assert secret not in repr(made)
    assert made.secrets["aerodrome-environment"]["TOKEN"] == "very-secret"
    keys = made.secrets["aerodrome-keys"]
    assert keys["connection"] == (
        "postgresql://aerodrome_x:database%2Fpassword@db.example.com:5433/aerodrome_x?sslmode=require"
    )
    assert (keys["api-secret-key"], keys["jwt-secret"]) == (SECRETS.web_secret, SECRETS.jwt_secret)
    assert made.secrets["aerodrome-broker"]["connection"].endswith(f"@{NAME}-redis:6379/0")


def test_whatever_changes_but_the_replicas_makes_new_pods() -> None:
    digest = release().expected.digest
    assert values(release())["airflowPodAnnotations"] == {"aerodrome/digest": digest}
    more = release(specification(config={"workers": {"replicas": 4}}))
    assert more.expected.digest == digest
    others = (
        specification("3.1.8"),
        specification(env={"A": "b"}),
        specification(executor=Executor.LOCAL),
        specification(config={"workers": {"resources": {"limits": {"cpu": 100}}}}),
    )
    assert len({digest, *(release(each).expected.digest for each in others)}) == 5


def test_one_asleep_has_no_pods_and_is_otherwise_the_same() -> None:
    awake = values(release())
    found = values_of_sleep(release())
    for name in ("scheduler", "apiServer", "dagProcessor", "triggerer", "workers"):
        assert found[name]["replicas"] == 0
        assert found[name]["resources"] == awake[name]["resources"]
    assert found["redis"] == {"passwordSecretName": "aerodrome-broker", "enabled": False}
    assert found["migrateDatabaseJob"] == {"useHelmHooks": False, "enabled": False}
    assert found["data"] == awake["data"]


def values_of_sleep(made: Release) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(asleep(made.values)))
    return found


def test_a_secret_is_written_in_base64() -> None:
    found = secret_object(release().place, "aerodrome-admin", {"password": "päss"})
    assert found["data"] == {"password": "cMOkc3M="}


def test_what_follows_the_database_in_a_url_is_kept() -> None:
    assert options_of("postgresql://a:b@c/d?sslmode=require") == "?sslmode=require"
    assert options_of("postgresql://a:b@c/d") == ""


def test_installations_are_told_apart_by_their_keys() -> None:
    assert installation_of(b"1" * 32) == installation_of(b"1" * 32) != installation_of(b"2" * 32)
