"""The form of log batches on NATS: what drivers write to `logs.<deployment>.<component>` and the gateway reads."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from shared.messages import Message, Row

LOGS_STREAM: Final = "logs"
"""The JetStream stream that holds the batches, limited by age and bytes; made by the deployments service."""

LOGS_SUBJECTS: Final = "logs.*.*"
MOST_BATCH_BYTES: Final = 64 * 1024


class Component(StrEnum):
    """The part of an Airflow that writes lines, as it stands in the subject."""

    SCHEDULER = "scheduler"
    WEBSERVER = "webserver"
    TRIGGERER = "triggerer"
    WORKER = "worker"


_COMPONENTS: Final[Mapping[str, Component]] = {"workers": Component.WORKER, **{str(each): each for each in Component}}


class LogRecord(Message):
    """One thing said: a line, or several such as those of a traceback. `id` is unique in the installation.

    `timestamp`, UTC, rises within a component's incarnation: the line's own time, or that of its arrival where it has
    none, where that is not believable, or where something later was said before. The task is named where it is known.
    """

    id: str
    timestamp: datetime
    level: str | None = None
    message: str
    logger: str | None = None
    dag_id: str | None = None
    task_id: str | None = None
    run_id: str | None = None
    try_number: int | None = None
    map_index: int | None = None


class LinePlace(Message):
    """A line's place in the history of its deployment: its time, and its number among all lines."""

    at: datetime
    number: int = 0


class LineRow(LogRecord, Row):
    """A record of the history; `number` rises with every line that was kept."""

    component: str
    number: int

    @property
    def place(self) -> LinePlace:
        """Return where it stands."""
        return LinePlace(at=self.timestamp, number=self.number)


class LineList(Row):
    """Lines of a deployment, the newest first; `more`: there are older ones."""

    release_name: str
    lines: tuple[LineRow, ...] = ()
    more: bool = False


class LogBatch(Message):
    """Lines that one component wrote together, at most 64 kB; `batch` counts from 1 within an incarnation."""

    deployment: str
    component: str
    incarnation: str
    batch: int
    records: tuple[LogRecord, ...]

    def message_id(self) -> str:
        """Return the `Nats-Msg-Id` by which the stream recognises a repeat."""
        return f"{self.deployment}/{self.component}/{self.incarnation}/{self.batch}"


def component_named(text: str) -> Component | None:
    """Return the component that a client means; case is ignored and `workers` means `worker`; None when unknown."""
    return _COMPONENTS.get(text.lower())


def logs_subject(deployment_id: str, component: Component) -> str:
    """Return the subject that a component's batches are written to."""
    return f"logs.{deployment_id}.{component}"


def logs_filter(deployment_id: str, component: Component | None = None) -> str:
    """Return the subject filter for one deployment's batches, of one component or of all."""
    return f"logs.{deployment_id}.{component or '*'}"
