"""What a new deployment may ask for, and what it gets where it says nothing."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from pydantic import JsonValue, TypeAdapter

from services.deployments.contract import AIRFLOW, CreateDeployment, EnvironmentVariable, Executor, JsonObject, Rule
from services.deployments.domain.astro_units import (
    DEFAULT_EXTRA_AU,
    MAX_EXTRA_AU,
    MAX_POD_CPU,
    MAX_POD_MEMORY,
    mebibytes,
    millicores,
)
from services.deployments.domain.environment import check_environment
from shared.errors import Invalid, Rejected
from shared.text import is_visible

DEFAULT_CHART_VERSION: Final = "1.18.0"
DEFAULT_AIRFLOW_VERSION: Final = "3.3.2"
MOST_LABEL: Final = 255
MOST_DESCRIPTION: Final = 255
MOST_CONFIG_BYTES: Final = 64 * 1024
MOST_CONFIG_DEPTH: Final = 20
ALERT_EMAILS: Final = "alert_emails"
PROPERTIES: Final = ("extra_au", "component_version", ALERT_EMAILS)
MOST_ALERT_EMAILS: Final = 100
MOST_TRIGGERERS: Final = 2
MOST_CLOUD_ROLE: Final = 2048

_VERSION: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}")
_RELEASE_NAME: Final = re.compile(r"[a-z](?:[a-z0-9-]{0,50}[a-z0-9])?")
_JSON: Final[TypeAdapter[JsonObject]] = TypeAdapter(JsonObject)
_JSON_LIST: Final[TypeAdapter[list[JsonValue]]] = TypeAdapter(list[JsonValue])


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """All that a deployment is wished to be. `properties` hold the addresses for alerts; `env` all values.

    `image_version` is the Airflow in the image that was deployed, "" where none was or nobody knows.
    """

    label: str
    release_name: str
    executor: Executor
    version: str
    airflow_version: str
    type: str
    description: str
    config: JsonObject
    properties: JsonObject
    env: tuple[EnvironmentVariable, ...]
    cloud_role: str
    dag_deployment: JsonObject
    triggerer_replicas: int
    image_version: str = ""

    @property
    def next_version(self) -> str:
        """The Airflow that comes up: the one in the image, else the one that is wished."""
        return self.image_version or self.airflow_version


Asked: TypeAlias = CreateDeployment | Wish


def check_specification(asked: Asked) -> None:
    """Raise Rejected or Invalid with a rule code where the wish breaks a rule.

    Source: houston 7.5 gives the order (environment, resources, properties, label), 7.1 the lengths.
    """
    _check_type(asked)
    check_environment(asked.env)
    _check_config(asked)
    _check_properties(asked.properties)
    _check_texts(asked)


def executor_of(asked: Asked) -> Executor:
    """Return the executor asked for: the argument, else that of the configuration, else Celery."""
    if asked.executor is not None:
        return asked.executor
    named = named_executor(asked.config)
    return Executor.CELERY if named is None else named


def named_executor(config: JsonObject) -> Executor | None:
    """Return the executor that a configuration names, if any."""
    named = config.get("executor")
    if named is None:
        return None
    if not isinstance(named, str) or named not in set(Executor):
        raise Invalid(f"config.executor is none of {', '.join(Executor)}", rule=Rule.INVALID_EXECUTOR)
    return Executor(named)


def config_of(asked: Asked) -> JsonObject:
    """Return the configuration as it is kept: as sent, with the executor written into it."""
    return {**asked.config, "executor": str(executor_of(asked))}


def properties_of(asked: Asked) -> JsonObject:
    """Return the properties as they are kept: without the addresses, with the executor's extra units if it has some."""
    default = DEFAULT_EXTRA_AU.get(executor_of(asked))
    sent = {name: value for name, value in asked.properties.items() if name != ALERT_EMAILS}
    return sent if default is None else {"extra_au": default, **sent}


def env_text(env: tuple[EnvironmentVariable, ...]) -> str:
    """Return the variables as the text that is encrypted."""
    return _JSON.dump_json({variable.key: variable.value for variable in env}).decode()


def plain_keys_of(env: tuple[EnvironmentVariable, ...]) -> tuple[str, ...]:
    """Return the names of the variables that are no secrets."""
    return tuple(variable.key for variable in env if not variable.is_secret)


def alert_emails_text(asked: Asked) -> str | None:
    """Return the addresses for alerts as the text that is encrypted, None where none are named."""
    emails = asked.properties.get(ALERT_EMAILS)
    return _JSON_LIST.dump_json(emails).decode() if isinstance(emails, list) else None


def _check_type(command: Asked) -> None:
    if command.type != AIRFLOW:
        raise Invalid(f"type is none that is known, expected {AIRFLOW}", rule=Rule.INVALID_TYPE)


def check_version(version: str) -> None:
    """Raise Invalid where a text has not the form of a version."""
    if not _VERSION.fullmatch(version):
        raise Invalid("a version has not the form of one, such as 3.3.2", rule=Rule.INVALID_VERSION)


def _check_texts(command: Asked) -> None:
    for version in (command.version, command.airflow_version):
        if version:
            check_version(version)
    if command.release_name and not _RELEASE_NAME.fullmatch(command.release_name):
        raise Invalid(
            "the release name is no host name of at most 52 letters, digits and dashes", rule=Rule.INVALID_RELEASE_NAME
        )
    if len(command.description) > MOST_DESCRIPTION:
        raise Invalid(
            f"description has {len(command.description)} characters, expected at most {MOST_DESCRIPTION}",
            rule=Rule.INVALID_DESCRIPTION,
        )
    if not command.label.strip() or len(command.label) > MOST_LABEL:
        raise Invalid(
            f"label has {len(command.label.strip())} characters, expected 1 to {MOST_LABEL}", rule=Rule.INVALID_LABEL
        )
    if not is_visible(command.label):
        raise Invalid("label has invisible characters alone, expected one to be seen", rule=Rule.INVALID_LABEL)


def _check_config(command: Asked) -> None:
    _check_size(command.config, "config", Rule.INVALID_CONFIG)
    _check_size(command.dag_deployment, "dagDeployment", Rule.INVALID_CONFIG)
    if len(command.cloud_role) > MOST_CLOUD_ROLE:
        raise Invalid(f"cloudRole is over {MOST_CLOUD_ROLE} characters", rule=Rule.INVALID_CONFIG)
    if not 0 <= (command.triggerer_replicas or 0) <= MOST_TRIGGERERS:
        raise Invalid(f"triggerer.replicas is not 0 to {MOST_TRIGGERERS}", rule=Rule.INVALID_TRIGGERER)
    executor = executor_of(command)
    limited = [_check_limits(command.config.get(name)) for name in ("scheduler", "webserver")]
    least = DEFAULT_EXTRA_AU.get(executor)
    if least is not None and any(limited) and _extra_au(command.properties, default=least) < least:
        raise Rejected(f"extra_au is under {least}", rule=Rule.MIN_EXTRA_AU_NOT_MET)


def _check_limits(component: JsonValue) -> bool:
    limits = _member(_member(component, "resources"), "limits")
    if not isinstance(limits, Mapping):
        return False
    cpu, memory = limits.get("cpu"), limits.get("memory")
    if cpu is not None and millicores(cpu) > MAX_POD_CPU:
        raise Rejected(f"cpu is over {MAX_POD_CPU} millicores", rule=Rule.MAX_CPU_EXCEEDED)
    if memory is not None and mebibytes(memory) > MAX_POD_MEMORY:
        raise Rejected(f"memory is over {MAX_POD_MEMORY} MiB", rule=Rule.MAX_MEMORY_EXCEEDED)
    return cpu is not None or memory is not None


def _member(value: JsonValue, name: str) -> JsonValue:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise Invalid(f"config has no object around {name}", rule=Rule.INVALID_CONFIG)
    return value.get(name)


def _check_properties(properties: JsonObject) -> None:
    for name in properties:
        if name not in PROPERTIES:
            raise Rejected("a property is unknown", rule=Rule.INVALID_PROPERTY, details={"property": name[:255]})
    _extra_au(properties, default=0)
    version = properties.get("component_version", "")
    if not isinstance(version, str) or (version and not _VERSION.fullmatch(version)):
        raise _wrong_property("component_version")
    emails = properties.get(ALERT_EMAILS, [])
    if not isinstance(emails, list) or len(emails) > MOST_ALERT_EMAILS:
        raise _wrong_property(ALERT_EMAILS)
    if not all(isinstance(email, str) and 0 < len(email) <= 320 for email in emails):
        raise _wrong_property(ALERT_EMAILS)


def _extra_au(properties: JsonObject, *, default: int) -> int:
    units = properties.get("extra_au", default)
    if isinstance(units, bool) or not isinstance(units, int) or not 0 <= units <= MAX_EXTRA_AU:
        raise _wrong_property("extra_au")
    return units


def _wrong_property(name: str) -> Invalid:
    return Invalid(f"property {name} has a wrong value", rule=Rule.INVALID_PROPERTY, details={"property": name})


def _check_size(value: JsonObject, what: str, rule: Rule) -> None:
    if len(_JSON.dump_json(value)) > MOST_CONFIG_BYTES:
        raise Invalid(f"{what} is over {MOST_CONFIG_BYTES} bytes", rule=rule)
    if not _plain(dict(value), MOST_CONFIG_DEPTH):
        raise Invalid(f"{what} is over {MOST_CONFIG_DEPTH} levels deep or holds a number that JSON lacks", rule=rule)


def _plain(value: JsonValue, levels: int) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels > 0 and all(_plain(member, levels - 1) for member in members)
