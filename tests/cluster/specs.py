"""A deployment as it might be asked for in a cluster."""

from dataclasses import replace

from services.deployments.contract import DeploymentId, Executor, new_airflow_secrets
from services.deployments.drivers.protocol import Specification
from shared.ids import new_id

SECRET = "only-the-cluster-may-know"


def specification(**changes: object) -> Specification:
    """Return one with a secret in its environment."""
    id_ = DeploymentId(new_id())
    wanted = Specification(
        deployment_id=id_,
        release_name=f"a-b-{id_[-4:]}",
        executor=Executor.CELERY,
        airflow_version="3.3.2",
        config={},
        env={"API_KEY": SECRET, "AERODROME_MINE": "no"},
        secrets=new_airflow_secrets(),
    )
    return replace(wanted, **changes)  # type: ignore[arg-type]
