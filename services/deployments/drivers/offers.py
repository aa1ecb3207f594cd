"""What each driver offers, known also where the driver itself is in another process."""

from typing import assert_never

from services.deployments.contract import DriverName, Executor
from services.deployments.drivers.protocol import Capabilities
from services.deployments.runner.versions import VERSIONS

SIMULATED = Capabilities(executors=tuple(Executor), default_executor=Executor.CELERY, images=True)
LOCAL = Capabilities(
    executors=(Executor.LOCAL, Executor.CELERY),
    default_executor=Executor.LOCAL,
    airflow_versions=tuple(VERSIONS),
)
KUBERNETES = Capabilities(
    executors=(Executor.CELERY, Executor.KUBERNETES, Executor.LOCAL),
    default_executor=Executor.CELERY,
    airflow_versions=("3.3.2", "3.2.2", "3.1.8", "3.0.6", "2.11.2", "2.10.5"),
    images=True,
    dags=False,
)


def offer_of(driver: DriverName) -> Capabilities:
    """Return what a driver offers."""
    match driver:
        case DriverName.SIMULATED:
            return SIMULATED
        case DriverName.LOCAL:
            return LOCAL
        case DriverName.KUBERNETES:
            return KUBERNETES
        case _:
            assert_never(driver)
