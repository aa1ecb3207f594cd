"""What a new deployment may ask for, and what it gets where it says nothing."""

import math
import re
from collections.abc import Mapping
from typing import Final

from pydantic import JsonValue, TypeAdapter

from services.deployments.contract import AIRFLOW, CreateDeployment, Executor, JsonObject, Rule
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

DEFAULT_CHART_VERSION: Final = "1.18.0"
DEFAULT_AIRFLOW_VERSION: Final = "3.3.2"
MOST_LABEL: Final = 255
MOST_DESCRIPTION: Final = 255
MOST_CONFIG_BYTES: Final = 64 * 1024
MOST_CONFIG_DEPTH: Final = 20
ALERT_EMAILS: Final = "alert_emails"
PROPERTIES: Final = ("extra_au", "component_version", ALERT_EMAILS)
MOST_ALERT_EMAILS: Final = 100

_VERSION: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}")
_RELEASE_NAME: Final = re.compile(r"[a-z](?:[a-z0-9-]{0,50}[a-z0-9])?")
_JSON: Final[TypeAdapter[JsonObject]] = TypeAdapter(JsonObject)
_JSON_LIST: Final[TypeAdapter[list[JsonValue]]] = TypeAdapter(list[JsonValue])


def check_specification(command: CreateDeployment) -> None:
    """Raise Rejected or Invalid with a rule code where the wish breaks a rule.

    Source: houston 7.5 gives the order (environment, resources, properties, label), 7.1 the lengths.
    """
    _check_type(command)
    check_environment(command.env)
    _check_config(command)
    _check_properties(command.properties)
    _check_texts(command)


def executor_of(command: CreateDeployment) -> Executor:
    """Return the executor asked for: the argument, else that of the configuration, else Celery."""
    if command.executor is not None:
        return command.executor
    named = command.config.get("executor")
    if named is None:
        return Executor.CELERY
    if not isinstance(named, str) or named not in set(Executor):
        raise Invalid(f"config.executor is none of {', '.join(Executor)}", rule=Rule.INVALID_EXECUTOR)
    return Executor(named)


def config_of(command: CreateDeployment) -> JsonObject:
    """Return the configuration as it is kept: as sent, with the executor written into it."""
    return {**command.config, "executor": str(executor_of(command))}


def properties_of(command: CreateDeployment) -> JsonObject:
    """Return the properties as they are kept: without the addresses, with the executor's extra units if it has some."""
    default = DEFAULT_EXTRA_AU.get(executor_of(command))
    sent = {name: value for name, value in command.properties.items() if name != ALERT_EMAILS}
    return sent if default is None else {"extra_au": default, **sent}


def env_of(command: CreateDeployment) -> str | None:
    """Return the environment as the text that is encrypted, None where there is none."""
    values = {variable.key: variable.value for variable in command.env}
    return _JSON.dump_json(values).decode() if values else None


def alert_emails_of(command: CreateDeployment) -> str | None:
    """Return the addresses for alerts as the text that is encrypted, None where there are none."""
    emails = command.properties.get(ALERT_EMAILS)
    return _JSON_LIST.dump_json(emails).decode() if isinstance(emails, list) and emails else None


def _check_type(command: CreateDeployment) -> None:
    if command.type != AIRFLOW:
        raise Invalid(f"type is none that is known, expected {AIRFLOW}", rule=Rule.INVALID_TYPE)


def _check_texts(command: CreateDeployment) -> None:
    for version in (command.version, command.airflow_version):
        if version and not _VERSION.fullmatch(version):
            raise Invalid("a version has not the form of one, such as 3.3.2", rule=Rule.INVALID_VERSION)
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


def _check_config(command: CreateDeployment) -> None:
    _check_size(command.config, "config", Rule.INVALID_CONFIG)
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
