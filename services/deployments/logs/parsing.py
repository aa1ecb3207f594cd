"""What one line of an Airflow says: the forms in which it begins a record; pure.

Tried in this order: a JSON object with `event` (3.2 and newer), structlog's text (3.0, 3.1), the form of 2.x, Celery's,
gunicorn's, uvicorn's, a web server's line of access, a warning of Python, a traceback. Anything else is plain text.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final

from services.deployments.logs.exceptions import TRACEBACK, rendered

_LEVELS: Final = {
    **{name: name for name in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")},
    "TRACE": "DEBUG",
    "WARN": "WARNING",
    "EXCEPTION": "ERROR",
    "FATAL": "CRITICAL",
}
_NAMES: Final = "|".join(_LEVELS)
_TIME: Final = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?[+-]\d\d:?\d\d|Z)?"
_STRUCTLOG: Final = re.compile(rf"({_TIME}) \[([a-z]+) *\] ?(.*)", re.DOTALL)
_CLASSIC: Final = re.compile(rf"\[({_TIME})\] \{{[^}}]*\}} ([A-Z]+) - (.*)", re.DOTALL)
_CELERY: Final = re.compile(rf"\[({_TIME}): ([A-Z]+)/[^\]]*\] (.*)", re.DOTALL)
_GUNICORN: Final = re.compile(rf"\[({_TIME})\] \[\d+\] \[([A-Z]+)\] (.*)", re.DOTALL)
_UVICORN: Final = re.compile(rf"({_NAMES}):(?: +|([A-Za-z_][\w.]*):)(.*)", re.DOTALL)
_ACCESS: Final = re.compile(r'\S+ \S+ \S+ \[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] "')
_WARNING: Final = re.compile(r"\S+\.py:\d+:? [A-Z]\w*Warning: ")
_ENDING: Final = re.compile(r"(Process \S+:|Exception in thread .*:|Exception ignored in.*|--- Logging error ---)$")
"""What Python writes before the traceback of something that ended."""

_ANSI: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")

_LOGGER: Final = re.compile(r"(?<![ \t])[ \t]+\[([A-Za-z_][\w.]*)\](?= [A-Za-z_]\w*=|$)", re.MULTILINE)
_PLACE: Final = re.compile(r" loc=[^ \n]+")
_VALUE: Final = r"'[^'\n]{0,250}'|\"[^\"\n]{0,250}\"|[^\s,;)\]]{1,250}"
_ID: Final = re.compile(rf"(?<![\w.])(dag_id|task_id|run_id|try_number|map_index)=({_VALUE})")
_IDS: Final = ("dag_id", "task_id", "run_id", "try_number", "map_index")
_ELSEWHERE: Final = frozenset(
    {"event", "timestamp", "level", "logger", "filename", "lineno", "loc", "ti_id"}
    | {"exception", "error_detail", "exc_info", "stack", *_IDS}
)
"""What a JSON line tells beside its event and we don't repeat in the message."""


class Form(Enum):
    """How a line begins a record, which decides what may follow it."""

    WHOLE = "whole"
    STRUCTLOG = "structlog"
    TEXT = "text"
    TRACEBACK = "traceback"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskIds:
    """The task that a record is about, as far as it is known."""

    dag_id: str | None = None
    task_id: str | None = None
    run_id: str | None = None
    try_number: int | None = None
    map_index: int | None = None


NO_TASK: Final = TaskIds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A line that begins a record. `time` is the line's own, UTC; a time without zone counts as UTC."""

    form: Form
    message: str
    level: str | None = None
    time: datetime | None = None
    logger: str | None = None
    task: TaskIds = NO_TASK


def clean(text: str) -> str:
    """Return a text without colours, other control characters and blanks at its end."""
    if _CONTROL.search(text):
        text = _CONTROL.sub("", _ANSI.sub("", text))
    return text.rstrip()


def read_head(line: str) -> Head:
    """Return what a line says, already cleaned; of form PLAIN if none of Airflow's forms fits."""
    first = line[:1]
    if first == "{":
        return _json(line) or _plain(line)
    for read in _BY_FIRST.get("0" if first.isdecimal() else first, _OTHERS):
        if found := read(line):
            return found
    return _plain(line)


def completed(head: Head, message: str) -> Head:
    """Return a record once all its lines are there: structlog names the logger behind the event's last line."""
    if head.form is not Form.STRUCTLOG:
        return head if message == head.message else replace(head, message=message)
    said, mark, trace = message.partition(f"\n{TRACEBACK}")
    logger = None
    for found in _LOGGER.finditer(said):
        logger = found
    if logger is None:
        return replace(head, message=message)
    pairs = _PLACE.sub("", said[logger.end() :])
    ids = {name: value.strip("'\"") for name, value in _ID.findall(pairs)}
    text = f"{said[: logger.start()]}{pairs}".rstrip() + mark + trace
    return replace(head, message=text, logger=logger[1], task=task_ids(ids))


def task_ids(told: Mapping[str, Any]) -> TaskIds:
    """Return the ids among what a line tells; a `map_index` of -1 means that the task is not mapped."""
    if not any(name in told for name in _IDS):
        return NO_TASK
    map_index = _number(told.get("map_index"))
    return TaskIds(
        dag_id=_text(told.get("dag_id")),
        task_id=_text(told.get("task_id")),
        run_id=_text(told.get("run_id")),
        try_number=_number(told.get("try_number")),
        map_index=None if map_index == -1 else map_index,
    )


def _plain(line: str) -> Head:
    return Head(form=Form.PLAIN, message=line)


def _json(line: str) -> Head | None:
    try:
        told: Any = json.loads(line)
        return _told(told) if isinstance(told.get("event"), str) else None
    except (ValueError, RecursionError):  # deeply nested; also on its way to text
        return None


def _told(told: Mapping[str, Any]) -> Head:
    more = [f"{name}={_shown(value)}" for name, value in told.items() if name not in _ELSEWHERE and value is not None]
    trace = rendered(told.get("error_detail")) or rendered(told.get("exception"))
    message = clean("\n".join([" ".join([told["event"], *more]), *([trace] if trace else [])]))
    return Head(
        form=Form.WHOLE,
        message=message,
        level=_level(told.get("level")),
        time=_time(_text(told.get("timestamp")) or ""),
        logger=_text(told.get("logger")),
        task=task_ids(told),
    )


def _structlog(line: str) -> Head | None:
    if found := _STRUCTLOG.fullmatch(line):
        return Head(form=Form.STRUCTLOG, message=found[3], level=_level(found[2]), time=_time(found[1]))
    return None


def _classic(line: str) -> Head | None:
    if found := _CLASSIC.fullmatch(line):
        return Head(form=Form.TEXT, message=found[3], level=_level(found[2]), time=_time(found[1]))
    return None


def _server(line: str) -> Head | None:
    if found := _GUNICORN.fullmatch(line) or _CELERY.fullmatch(line):
        return Head(form=Form.TEXT, message=found[3], level=_level(found[2]), time=_time(found[1]))
    return None


def _uvicorn(line: str) -> Head | None:
    if found := _UVICORN.fullmatch(line):
        return Head(form=Form.TEXT, message=found[3], level=_level(found[1]), logger=found[2])
    return None


def _access(line: str) -> Head | None:
    if found := _ACCESS.match(line):
        try:
            time = datetime.strptime(found[1], "%d/%b/%Y:%H:%M:%S %z").astimezone(UTC)
        except ValueError:
            return None
        return Head(form=Form.WHOLE, message=line, level="INFO", time=time)
    return None


def _warning(line: str) -> Head | None:
    return Head(form=Form.TEXT, message=line, level="WARNING") if _WARNING.match(line) else None


def _traceback(line: str) -> Head | None:
    if line.lstrip(" +|").startswith((TRACEBACK, f"Exception Group {TRACEBACK}")) or _ENDING.match(line):
        return Head(form=Form.TRACEBACK, message=line, level="ERROR")
    return None


_Reader = Callable[[str], Head | None]
_OTHERS: Final[tuple[_Reader, ...]] = (_uvicorn, _traceback, _access, _warning)
_BY_FIRST: Final[Mapping[str, tuple[_Reader, ...]]] = {
    "[": (_classic, _server),
    "0": (_structlog, _access),
    " ": (_traceback,),
    "": (),
}
"""The forms that a line can have, by its first character: 0 for any digit."""


def _level(told: object) -> str | None:
    return _LEVELS.get(told.upper()) if isinstance(told, str) else None


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text.replace(" +", "+").replace(" -", "-"))
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _text(told: object) -> str | None:
    return clean(told)[:250] if isinstance(told, str) and told else None


def _number(told: object) -> int | None:
    if isinstance(told, str) and re.fullmatch(r"-?\d{1,9}", told):
        return int(told)
    return told if isinstance(told, int) and not isinstance(told, bool) and abs(told) < 2**31 else None


def _shown(value: object) -> str:
    if isinstance(value, str):
        return value if value and not re.search(r"[\s\"'=]", value) else repr(value)
    return json.dumps(value, ensure_ascii=False)
