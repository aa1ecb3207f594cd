"""Astro Units: how much a pod may ask for, and how CPU and memory are read from a configuration.

Source: houston 7.4 (the unit and its limits), 7.5 (what is checked).
"""

import re
from collections.abc import Mapping
from typing import Final

from pydantic import JsonValue

from services.deployments.contract import Executor, Rule
from shared.errors import Invalid

CPU_MILLICORES: Final = 100
MEMORY_MIB: Final = 384
MAX_POD_AU: Final = 35
MAX_EXTRA_AU: Final = 400
MAX_POD_CPU: Final = MAX_POD_AU * CPU_MILLICORES
MAX_POD_MEMORY: Final = MAX_POD_AU * MEMORY_MIB

DEFAULT_EXTRA_AU: Final[Mapping[Executor, int]] = {Executor.KUBERNETES: 10}

_CPU: Final = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(m?)")
_MEMORY: Final = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)(Ki|Mi|Gi)")
_MIB_OF: Final[Mapping[str, float]] = {"Ki": 1 / 1024, "Mi": 1.0, "Gi": 1024.0}


def millicores(value: JsonValue) -> float:
    """Return a CPU limit in millicores: a number is that already, a text is a Kubernetes quantity."""
    if isinstance(value, str) and (match := _CPU.fullmatch(value)):
        return float(match[1]) * (1 if match[2] else 1000)
    return _number(value, "cpu")


def mebibytes(value: JsonValue) -> float:
    """Return a memory limit in MiB: a number is that already, a text is a Kubernetes quantity."""
    if isinstance(value, str) and (match := _MEMORY.fullmatch(value)):
        return float(match[1]) * _MIB_OF[match[2]]
    return _number(value, "memory")


def _number(value: JsonValue, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise Invalid(f"{what} is not a number or a quantity such as 500m or 1Gi", rule=Rule.INVALID_CONFIG)
    return float(value)
