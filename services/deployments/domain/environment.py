"""Which environment variables a deployment may be given."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from services.deployments.contract import EnvironmentVariable, Rule
from shared.errors import Invalid, Rejected

MOST_VARIABLES: Final = 500
MOST_VALUE: Final = 32 * 1024  # characters
_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")

RESERVED: Final = frozenset(
    {
        *(f"AIRFLOW__CORE__{name}" for name in ("EXECUTOR", "SQL_ALCHEMY_CONN", "LOAD_EXAMPLES", "FERNET_KEY")),
        "AIRFLOW__WEBSERVER__BASE_URL",
        *(f"AIRFLOW__CELERY__{name}" for name in ("BROKER_URL", "RESULT_BACKEND", "DEFAULT_QUEUE")),
        "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC",
        *(f"AIRFLOW__SCHEDULER__STATSD_{name}" for name in ("ON", "HOST", "PORT", "PREFIX")),
        "AIRFLOW__KUBERNETES__NAMESPACE",
    }
)
"""Set by the platform, compared without case. Source: houston 7.5."""


def check_environment(env: Sequence[EnvironmentVariable]) -> None:
    """Raise Rejected if a variable is reserved, Invalid if one has no proper name, is too long or stands twice."""
    reserved = [variable.key for variable in env if variable.key.upper() in RESERVED]
    if reserved:
        raise Rejected(
            "environment variables are reserved",
            rule=Rule.RESERVED_VARIABLE,
            details={"variables": _joined(reserved), "verb": "is" if len(reserved) == 1 else "are"},
        )
    if len(env) > MOST_VARIABLES:
        raise Invalid(
            f"{len(env)} environment variables, expected at most {MOST_VARIABLES}", rule=Rule.INVALID_VARIABLE
        )
    for variable in env:
        if not _KEY.fullmatch(variable.key) or len(variable.value) > MOST_VALUE:
            raise _wrong(variable.key, "needs a name of letters, digits and _ and a value of at most 32768 characters")
    for key, count in Counter(variable.key for variable in env).items():
        if count > 1:
            raise _wrong(key, "stands more than once")


def _wrong(key: str, text: str) -> Invalid:
    return Invalid(f"an environment variable {text}", rule=Rule.INVALID_VARIABLE, details={"variable": key[:255]})


def _joined(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
