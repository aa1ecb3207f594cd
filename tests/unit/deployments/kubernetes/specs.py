"""Specifications and releases for tests."""

from collections.abc import Mapping

from pydantic import JsonValue

from services.deployments.contract import DeploymentId, Executor
from services.deployments.drivers.protocol import Specification
from services.deployments.kubernetes.release import Release, release_of
from services.deployments.runner.configuration import DatabaseAddress
from tests.unit.deployments.runner.specs import SECRETS

ID = DeploymentId("cdeployment00000000000001")
ADDRESS = DatabaseAddress(host="db.example.com", port=5433, name="aerodrome_x", role="aerodrome_x")


def specification(
    version: str = "3.3.2",
    *,
    executor: Executor = Executor.CELERY,
    config: Mapping[str, JsonValue] | None = None,
    env: Mapping[str, str] | None = None,
    triggerers: int = 1,
    bundle: str = "",
) -> Specification:
    return Specification(
        deployment_id=ID,
        release_name="solar-comet-0042",
        executor=executor,
        airflow_version=version,
        config=config or {},
        triggerer_replicas=triggerers,
        bundle=bundle,
        env=env or {},
        secrets=SECRETS,
    )


def release(wanted: Specification | None = None, *, options: str = "") -> Release:
    return release_of(wanted or specification(), "0123456789ab", ADDRESS, options)
