"""Specifications of Airflows for tests."""

from collections.abc import Mapping
from pathlib import Path

from services.deployments.contract import AirflowSecrets, DeploymentId, Executor
from services.deployments.runner.configuration import AirflowSpec, DatabaseAddress
from services.deployments.runner.versions import version_of
from shared.ids import new_id

SECRETS = AirflowSecrets(
    fernet_key="a" * 43 + "=",
    web_secret="web-secret",
    jwt_secret="jwt-secret" * 4,
    admin_password="admin-password",
    database_password="database/password",
)


def spec(
    number: str,
    *,
    executor: Executor = Executor.LOCAL,
    parallelism: int = 2,
    triggerer: bool = True,
    env: Mapping[str, str] | None = None,
) -> AirflowSpec:
    return AirflowSpec(
        deployment_id=DeploymentId(new_id()),
        version=version_of(number),
        folder=Path("/data/airflow"),
        mark="here:me",
        port=18080,
        database=DatabaseAddress(host="127.0.0.1", port=15432, name="airflow_x", role="airflow_x"),
        secrets=SECRETS,
        executor=executor,
        parallelism=parallelism,
        triggerer=triggerer,
        env=env or {},
    )
