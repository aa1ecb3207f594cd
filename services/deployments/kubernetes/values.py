"""The values of the chart for a deployment; pure, and without any secret.

Source: the chart's values.yaml from 1.20 on; of a deployment's own configuration come its image, its resources and its
replicas alone, for any other value could reach out of its namespace.
"""

from collections.abc import Mapping
from typing import Final

from pydantic import JsonValue

from services.deployments.contract import Executor, JsonObject
from services.deployments.domain.astro_units import CPU_MILLICORES, MEMORY_MIB, mebibytes, millicores
from services.deployments.domain.configuration import UNITS
from services.deployments.domain.versions import is_older
from services.deployments.drivers.door_tokens import AUTH_MANAGER
from services.deployments.drivers.old_web import WEB_CONFIGURATION
from services.deployments.drivers.protocol import Specification, StepFailed
from services.deployments.kubernetes.names import ADMIN, BROKER, ENVIRONMENT, KEYS, Json
from shared.errors import Invalid

OLDEST_AIRFLOW: Final = "2.10"
MOST_REPLICAS: Final = 10

DOOR_NEW: Final = "api-server"
DOOR_OLD: Final = "webserver"
WORKER: Final = "worker"
REDIS: Final = "redis"
VALUE_OF: Final[Mapping[str, str]] = {
    "scheduler": "scheduler",
    DOOR_NEW: "apiServer",
    DOOR_OLD: "webserver",
    "dag-processor": "dagProcessor",
    "triggerer": "triggerer",
    WORKER: "workers",
}
"""Where the chart's values speak of the component with this label."""

_CONFIGURED_AS: Final[Mapping[str, str]] = {DOOR_NEW: "webserver", WORKER: "workers", "dag-processor": "dagProcessor"}
_OTHERS_UNITS: Final = 5
_FIRST_NEW: Final = "3.0"
_MIGRATION_S: Final = 600
_NOBODY: Final = "aerodrome:viewer"  # else it makes an admin and logs the password; all come through the door
_MAKE_USER: Final = (
    "exec airflow users create --role Admin --username admin --email admin@example.invalid --firstname Admin"
    ' --lastname Admin --password "$(cat /run/aerodrome/password)"'
)


def is_new(specification: Specification) -> bool:
    """Say whether it is an Airflow 3, whose api-server has taken the webserver's place."""
    return not is_older(specification.airflow_version, _FIRST_NEW)


def door_of(specification: Specification) -> str:
    """Return the component that answers HTTP."""
    return DOOR_NEW if is_new(specification) else DOOR_OLD


def check_offered(specification: Specification) -> None:
    """Raise StepFailed for what this driver does not do."""
    if is_older(specification.airflow_version, OLDEST_AIRFLOW):
        why = f"failed: airflow {specification.airflow_version} is older than {OLDEST_AIRFLOW}"
        raise StepFailed("choose the version", why, ())
    if specification.bundle:
        raise StepFailed("fetch the DAG files", "failed: on kubernetes they come with the image", ())


def replicas_of(specification: Specification) -> dict[str, int]:
    """Return how many pods of each component shall be ready, by the component's label."""
    wanted = {
        "scheduler": _replicas(specification, "scheduler"),
        door_of(specification): _replicas(specification, "webserver"),
        "dag-processor": 1,
        "triggerer": specification.triggerer_replicas,
    }
    if specification.executor is Executor.CELERY:
        wanted |= {WORKER: _replicas(specification, "workers"), REDIS: 1}
    return wanted


def values_of(specification: Specification) -> Json:
    """Return the values but for the replicas; raises StepFailed where the configuration says what can't be read."""
    values: Json = {
        "executor": str(specification.executor),
        "airflowVersion": specification.airflow_version,
        "defaultAirflowTag": specification.airflow_version,
        "images": {"airflow": _image(specification), "migrationsWaitTimeout": _MIGRATION_S},
        "extraEnvFrom": f"- secretRef:\n    name: {ENVIRONMENT}\n",
        "fernetKeySecretName": KEYS,
        "webserverSecretKeySecretName": KEYS,
        "data": {"metadataSecretName": KEYS},
        # Hooks would run after what waits for them: the chart's jobs are plain ones.
        "migrateDatabaseJob": {"useHelmHooks": False, "enabled": True},
        "createUserJob": _user_job(specification),
        "config": _config(specification),
    }
    values |= {name: {"enabled": False} for name in ("postgresql", "statsd", "flower", "pgbouncer", "redis")}
    for component in _components(specification):
        values[VALUE_OF[component]] = {"resources": _resources(specification, component)}
    if is_new(specification):
        values |= {"apiSecretKeySecretName": KEYS, "jwtSecretName": KEYS}
    else:
        values[DOOR_OLD] = {**_object(values[DOOR_OLD]), "webserverConfig": WEB_CONFIGURATION}
    return _with_workers(values, specification)


def with_replicas(values: JsonObject, replicas: Mapping[str, int]) -> Json:
    """Return the values with so many pods of each component."""
    changed = dict(values)
    for component, number in replicas.items():
        if component == REDIS:
            changed[REDIS] = {**_object(values.get(REDIS)), "enabled": number > 0}
        else:
            name = VALUE_OF[component]
            changed[name] = {**_object(values.get(name)), "replicas": number}
    if "triggerer" in replicas and not replicas["triggerer"]:
        changed["triggerer"] = {**_object(changed["triggerer"]), "enabled": False}
    return changed


def asleep(values: JsonObject) -> Json:
    """Return the values of the same deployment without any pods; its database, Secrets and volumes stay."""
    none = {component: 0 for component, name in VALUE_OF.items() if name in values}
    changed = dict(with_replicas(values, {**none, REDIS: 0}))
    changed["migrateDatabaseJob"] = {**_object(values.get("migrateDatabaseJob")), "enabled": False}
    return changed


def _components(specification: Specification) -> tuple[str, ...]:
    return ("scheduler", door_of(specification), "dag-processor", "triggerer", WORKER)


def _with_workers(values: Json, specification: Specification) -> Json:
    workers = _object(values["workers"])
    # Persistence would claim 100 GiB a worker, and a volume for the logs of the triggerer.
    workers |= {"persistence": {"enabled": False}, "celery": {"persistence": {"enabled": False}}}
    grace = _object(specification.config.get("workers")).get("terminationGracePeriodSeconds")
    if isinstance(grace, int) and not isinstance(grace, bool):
        workers["terminationGracePeriodSeconds"] = max(0, grace)
    values["workers"] = workers
    values["triggerer"] = {**_object(values["triggerer"]), "persistence": {"enabled": False}}
    values["dagProcessor"] = {**_object(values["dagProcessor"]), "enabled": True}
    if specification.executor is Executor.CELERY:
        values["redis"] = {"passwordSecretName": BROKER}
        values["data"] = {**_object(values["data"]), "brokerUrlSecretName": BROKER}
    return values


def _config(specification: Specification) -> Json:
    """Return the options of Airflow itself: who knows people, and where they reach it."""
    core: Json = {"load_examples": "False"}
    web: Json = {"base_url": specification.base_url} if specification.base_url else {}
    if not is_new(specification):
        return {"core": core, DOOR_OLD: {**web, "enable_proxy_fix": "True"}}
    core |= {"auth_manager": AUTH_MANAGER, "simple_auth_manager_users": _NOBODY}
    return {"core": core, "api": web, "logging": {"json_logs": "True"}}


def _user_job(specification: Specification) -> Json:
    """Return the job that makes the user `admin` of a 2.x, whose password comes from a file: the chart's way shows it.

    An Airflow 3 has no such user; its job does nothing.
    """
    return {
        "useHelmHooks": False,
        "args": ["bash", "-c", "exit 0" if is_new(specification) else _MAKE_USER],
        "extraVolumes": [{"name": ADMIN, "secret": {"secretName": ADMIN}}],
        "extraVolumeMounts": [{"name": ADMIN, "mountPath": "/run/aerodrome", "readOnly": True}],
    }


def _image(specification: Specification) -> Json:
    asked = _object(_object(specification.config.get("images")).get("airflow"))
    image: Json = {name: value for name in ("repository", "tag", "digest", "pullPolicy") if (value := asked.get(name))}
    if not all(isinstance(value, str) for value in image.values()):
        raise StepFailed("choose the image", "failed: config.images.airflow holds something else than texts", ())
    # A tag that moves has to be looked for.
    usual = "Always" if image.get("tag") == "latest" else "IfNotPresent"
    return {"tag": specification.airflow_version, "pullPolicy": usual, **image}


def _resources(specification: Specification, component: str) -> Json:
    """Return requests and limits, which are the same: the limits of the configuration, else the component's units."""
    name = _CONFIGURED_AS.get(component, component)
    limits = _object(_object(_object(specification.config.get(name)).get("resources")).get("limits"))
    units = UNITS.get(name, (_OTHERS_UNITS, 0))[0]
    try:
        cpu = millicores(limits["cpu"]) if limits.get("cpu") is not None else units * CPU_MILLICORES
        memory = mebibytes(limits["memory"]) if limits.get("memory") is not None else units * MEMORY_MIB
    except Invalid as error:
        raise StepFailed("read the resources", f"failed: {name}: {error.text}", ()) from error
    size: Json = {"cpu": f"{cpu:.0f}m", "memory": f"{memory:.0f}Mi"}
    return {"requests": size, "limits": size}


def _replicas(specification: Specification, name: str) -> int:
    asked = _object(specification.config.get(name)).get("replicas")
    if isinstance(asked, bool) or not isinstance(asked, int):
        return 1
    return max(1, min(asked, MOST_REPLICAS))


def _object(value: JsonValue) -> Json:
    return value if isinstance(value, dict) else {}
