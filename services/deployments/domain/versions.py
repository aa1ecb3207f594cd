"""Which of two Airflow versions is the older one."""

import re
from typing import Final

_NUMBERS: Final = re.compile(r"\d+(?:\.\d+)*")


def is_older(version: str, other: str) -> bool:
    """Say whether `version` comes before `other` by the numbers that both begin with; unknown ones never do."""
    one, two = _numbers(version), _numbers(other)
    return bool(one and two) and one < two


def _numbers(version: str) -> tuple[int, ...]:
    found = _NUMBERS.match(version)
    return tuple(int(number) for number in found[0].split(".")) if found else ()
