"""The queries that every service answers: waiting for a position, and reading its published events."""

from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from pydantic import Field

from shared.messages import MOST_ROWS, Message, Metadata, Query, Row

MOST_BYTES: Final = 512 * 1024
"""Bytes of events that one reply may hold."""


class Reached(Message):
    """Whether the position was reached in time."""

    reached: bool


class WaitFor(Query[Reached]):
    """Wait until the read models show `position` of `source`'s events; asked with `bus.ask(..., to=service)`.

    `source` "" means the answering service's own events; another name means the events of that service which the
    answering one takes in. A parked `stream` is reached at once. Answers after `timeout_s` at the latest.
    """

    subject: ClassVar[str] = "*.query.wait_for"

    source: str = ""
    position: int = Field(ge=0)
    stream: str = ""
    timeout_s: float = Field(default=2.0, ge=0, le=10)


class PublishedEvent(Row):
    """An event as other services see it: without personal data. `data` is its JSON text.

    `stream`: the event's stream. `prevposition`: the position of the published event before it, 0 for the first.
    """

    epoch: UUID
    position: int
    prevposition: int
    event_id: UUID
    type_name: str
    schema_version: int
    stream: str
    time: datetime
    metadata: Metadata
    data: str


class PublishedEvents(Message):
    """Published events in the order of their positions; `epoch` and `head` are the store's at reading.

    `since`: events up to this position are the same in the asker's epoch.
    """

    epoch: UUID
    since: int = 0
    head: int
    events: tuple[PublishedEvent, ...]


class Events(Query[PublishedEvents]):
    """The published events of a service with positions > `after`; asked with `bus.ask(..., to=service)`.

    `epoch`: the one in which the asker has reached `after`, None for one that has nothing yet.
    """

    subject: ClassVar[str] = "*.query.events"

    after: int = Field(ge=0)
    limit: int = Field(default=MOST_ROWS, ge=1, le=MOST_ROWS)
    epoch: UUID | None = None
