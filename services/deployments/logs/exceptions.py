"""Exceptions that Airflow's JSON lines tell as structures, as the text that Python would have written; pure.

Source: structlog.tracebacks; the list holds the exception first and then what it came from, `is_cause` of an entry says
that it was raised from the next one.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

TRACEBACK: Final = "Traceback (most recent call last):"
_CAUSE: Final = "The above exception was the direct cause of the following exception:"
_CONTEXT: Final = "During handling of the above exception, another exception occurred:"
_MOST: Final = 50
"""Exceptions of one chain or group; frames are cut where the record is."""

_DEEPEST: Final = 5


def rendered(told: object, *, depth: int = 0) -> str:
    """Return the text of a chain of exceptions, the first cause first; "" for what is none."""
    if isinstance(told, str):
        return told
    chain = [cast("Mapping[str, Any]", each) for each in _list(told)[:_MOST] if isinstance(each, dict)]
    if depth > _DEEPEST:
        return ""
    parts: list[str] = []
    for place, exception in reversed(list(enumerate(chain))):
        if parts:
            parts.append(_CAUSE if chain[place + 1].get("is_cause") else _CONTEXT)
        parts.append(_one(exception, depth))
    return "\n\n".join(parts)


def _one(exception: Mapping[str, Any], depth: int) -> str:
    frames = [cast("Mapping[str, Any]", each) for each in _list(exception.get("frames")) if isinstance(each, dict)]
    lines = [TRACEBACK, *map(_frame, frames)] if frames else []
    value = str(exception.get("exc_value") or "")
    kind = str(exception.get("exc_type") or "Exception")
    lines.append(f"{kind}: {value}" if value else kind)
    lines += map(str, _list(exception.get("exc_notes")))
    for each in _list(exception.get("exceptions"))[:_MOST]:
        lines += [f"  | {line}" for line in rendered(each, depth=depth + 1).splitlines()]
    return "\n".join(lines)


def _list(told: object) -> Sequence[Any]:
    return cast("Sequence[Any]", told) if isinstance(told, list) else []


def _frame(frame: Mapping[str, Any]) -> str:
    line = f'  File "{frame.get("filename")}", line {frame.get("lineno")}, in {frame.get("name")}'
    return f"{line}\n    {frame['line']}" if frame.get("line") else line
