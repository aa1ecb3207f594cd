"""Events as other services see them: without personal fields, in pages and as CloudEvents on JetStream."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeVar, cast
from uuid import UUID

from nats.js.api import RawStreamMsg
from pydantic import ValidationError

from shared.bus.kernel import MOST_BYTES, PublishedEvent
from shared.messages import Event, Metadata
from shared.store.model import Recorded
from shared.store.personal import public_json

EventT = TypeVar("EventT", bound=Event)

_OVERHEAD: Final = 1500  # bytes of an event in a reply beside its data; its quotes are escaped twice
_UNFIT: Final = re.compile(r"[^A-Za-z0-9_-]")
_ID: Final = "Nats-Msg-Id"
# Metadata as CloudEvents attributes, whose names hold lower-case letters and digits only.
_METADATA: Final[Mapping[str, str]] = {
    "message_id": "ce-messageid",
    "correlation_id": "ce-correlationid",
    "causation_id": "ce-causationid",
    "traceparent": "ce-traceparent",
    "subject": "ce-principal",
    "kind": "ce-principalkind",
    "credential": "ce-credential",
    "role": "ce-role",
}


class Published(PublishedEvent):
    """An event that a consumer has taken from the service `source`; `data` is its JSON without personal fields."""

    source: str

    def read(self, kind: type[EventT]) -> EventT:
        """Return the event as `kind`, the class in the contract of its source."""
        return kind.model_validate_json(self.data)


def published(recorded: Recorded, *, epoch: UUID, prevposition: int) -> PublishedEvent:
    """Return a stored event in the shape in which other services see it: the present one, nothing personal in it."""
    return PublishedEvent.model_construct(
        epoch=epoch,
        position=recorded.position,
        prevposition=prevposition,
        event_id=recorded.event_id,
        type_name=recorded.type_name,
        schema_version=recorded.event.schema_version,
        stream=recorded.stream,
        time=recorded.recorded_at,
        metadata=recorded.metadata.model_copy(update={"origin_seal": ""}),
        data=public_json(recorded.event),
    )


def chained(events: Sequence[Recorded], *, epoch: UUID, after: int) -> Iterator[PublishedEvent]:
    """Return events that come right behind `after`, each with the position of the one before it."""
    for recorded in events:
        yield published(recorded, epoch=epoch, prevposition=after)
        after = recorded.position


def page(events: Iterator[PublishedEvent]) -> tuple[PublishedEvent, ...]:
    """Return the first of `events` as far as they fit into one reply, one at least."""
    taken: list[PublishedEvent] = []
    size = 0
    for event in events:
        size += len(event.data.encode()) + 3 * (event.data.count('"') + event.data.count("\\")) + _OVERHEAD
        if taken and size > MOST_BYTES:
            break
        taken.append(event)
    return tuple(taken)


def stream_name(service: str) -> str:
    """Return the name of the JetStream stream with a service's events."""
    return f"{service}-events"


def subjects(service: str) -> str:
    """Return the subjects of a service's events."""
    return f"{service}.events.>"


def to_message(service: str, event: PublishedEvent, *, salt: str = "") -> tuple[str, bytes, dict[str, str]]:
    """Return subject, payload and headers of an event as a CloudEvent in binary mode.

    `salt` tells a second publication on purpose from a repeat, which JetStream would drop.
    Source: CloudEvents 1.0.2, binary content mode; the NATS binding maps attributes to headers `ce-…`.
    """
    id_ = _UNFIT.sub("_", event.stream.partition("-")[2]) or "_"
    headers = {
        _ID: f"{event.event_id}{salt}",
        "ce-specversion": "1.0",
        "ce-id": str(event.event_id),
        "ce-source": service,
        "ce-type": event.type_name,
        "ce-subject": event.stream,
        "ce-time": event.time.isoformat(),
        "ce-datacontenttype": "application/json",
        "ce-schemaversion": str(event.schema_version),
        "ce-epoch": str(event.epoch),
        "ce-position": str(event.position),
        "ce-prevposition": str(event.prevposition),
    }
    for field, header in _METADATA.items():
        if value := str(getattr(event.metadata, field)):
            headers[header] = value
    return f"{service}.events.{event.type_name}.{id_}", event.data.encode(), headers


def from_message(source: str, data: bytes, headers: Mapping[str, str]) -> Published | None:
    """Return the event of a message; None where it is none of ours, so that it counts as missing and is asked for."""
    try:
        return Published(
            source=source,
            epoch=UUID(headers["ce-epoch"]),
            position=int(headers["ce-position"]),
            prevposition=int(headers["ce-prevposition"]),
            event_id=UUID(headers["ce-id"]),
            type_name=headers["ce-type"],
            schema_version=int(headers["ce-schemaversion"]),
            stream=headers["ce-subject"],
            time=datetime.fromisoformat(headers["ce-time"]),
            metadata=Metadata.model_validate({field: headers.get(header, "") for field, header in _METADATA.items()}),
            data=data.decode(),
        )
    except (KeyError, ValueError, ValidationError):
        return None


def place_of(message: RawStreamMsg) -> tuple[UUID, int] | None:
    """Return epoch and position of a stored message; None where it is none of ours."""
    headers = cast("Mapping[str, str]", message.headers or {})
    try:
        return UUID(headers["ce-epoch"]), int(headers["ce-position"])
    except (KeyError, ValueError):
        return None
