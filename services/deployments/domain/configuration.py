"""What deployments may ask for, as clients are told it.

Source: houston 7.4: the units of each component, its extras, and which components an executor has.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import JsonValue

from services.deployments.contract import AirflowImage, AstroUnit, ConfigurationRow, Executor
from services.deployments.domain.astro_units import CPU_MILLICORES, DEFAULT_EXTRA_AU, MAX_EXTRA_AU, MEMORY_MIB
from services.deployments.domain.specification import DEFAULT_CHART_VERSION

UNITS: Final[Mapping[str, tuple[int, int]]] = {
    "scheduler": (5, 30),
    "webserver": (5, 30),
    "statsd": (2, 30),
    "pgbouncer": (2, 2),
    "flower": (2, 2),
    "redis": (2, 2),
    "workers": (10, 30),
}
"""The default and the limit of each component, in Astro Units."""

_EXTRAS: Final[Mapping[str, tuple[Mapping[str, int], Mapping[str, int]]]] = {
    "workers": (
        {"terminationGracePeriodSeconds": 600, "replicas": 1},
        {"terminationGracePeriodSeconds": 36000, "replicas": 10},
    )
}
_ALWAYS: Final = ("scheduler", "webserver", "statsd", "pgbouncer")
_OF_CELERY: Final = ("workers", "flower", "redis")
_WORKER_SIZES: Final[JsonValue] = {
    "small": {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"cpu": "750m", "memory": "1536Mi"}},
    "medium": {"requests": {"cpu": "1000m", "memory": "2Gi"}, "limits": {"cpu": "1500m", "memory": "3Gi"}},
    "large": {"requests": {"cpu": "2000m", "memory": "4Gi"}, "limits": {"cpu": "3000m", "memory": "6Gi"}},
}


def configuration(*, executors: Sequence[Executor], airflow_versions: Sequence[str], version: str) -> ConfigurationRow:
    """Return what is offered; `airflow_versions` newest first, `version` is that of the platform."""
    newest = airflow_versions[0]
    return ConfigurationRow(
        defaults={name: _sized(name, 0) for name in UNITS},
        limits={name: _sized(name, 1) for name in UNITS},
        presets={"workerSizes": _WORKER_SIZES},
        astro_unit=AstroUnit(cpu=CPU_MILLICORES, memory=MEMORY_MIB, pods=1, airflow_conns=5, actual_conns=0.5),
        max_extra_au=MAX_EXTRA_AU,
        executors={str(executor): _executor(executor, enabled=executor in executors) for executor in Executor},
        latest_version=version,
        airflow_images=tuple(AirflowImage(version=number, channel="stable", tag=number) for number in airflow_versions),
        airflow_versions=tuple(airflow_versions),
        default_airflow_image_tag=newest,
        default_airflow_chart_version=DEFAULT_CHART_VERSION,
    )


def _sized(component: str, which: int) -> dict[str, Any]:
    units = UNITS[component][which]
    size = {"cpu": units * CPU_MILLICORES, "memory": units * MEMORY_MIB}
    extras = _EXTRAS[component][which] if component in _EXTRAS else {}
    return {"resources": {"requests": size, "limits": size}, **extras}


def _executor(executor: Executor, *, enabled: bool) -> dict[str, Any]:
    components = [*_ALWAYS, *(_OF_CELERY if executor is Executor.CELERY else ())]
    described: dict[str, Any] = {"name": str(executor), "enabled": enabled, "components": components}
    default = DEFAULT_EXTRA_AU.get(executor)
    return described if default is None else {**described, "defaultExtraAu": default}
