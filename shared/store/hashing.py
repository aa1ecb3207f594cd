"""The hash chains: each event's hash covers the one before it in its stream, the store's running hash covers all."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from struct import Struct
from typing import Final, NamedTuple
from uuid import UUID

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

# The format's mark; version, event id, schema version, microseconds since 1970; the lengths of the five parts behind.
_FRAME: Final = Struct(">4sQ16sIqIIIII")
_FORMAT: Final = b"AEV1"


class Link(NamedTuple):
    """What an event's hash covers; `previous` is the hash of the event before it in its stream, b"" for the first."""

    previous: bytes
    stream: str
    version: int
    event_id: UUID
    type_name: str
    schema_version: int
    data: str
    metadata: str
    recorded_at: datetime

    def hash(self) -> bytes:
        """Return the SHA-256 of the fields, framed with their lengths so that no two links give the same bytes."""
        stream, type_name = self.stream.encode(), self.type_name.encode()
        data, metadata = self.data.encode(), self.metadata.encode()
        frame = _FRAME.pack(
            _FORMAT,
            self.version,
            self.event_id.bytes,
            self.schema_version,
            (self.recorded_at - _EPOCH) // _MICROSECOND,
            len(self.previous),
            len(stream),
            len(type_name),
            len(data),
            len(metadata),
        )
        return sha256(b"".join((frame, self.previous, stream, type_name, data, metadata))).digest()


def run_on(running: bytes, event_hash: bytes) -> bytes:
    """Return the running hash after one more event; append_events() computes the same under its lock."""
    return sha256(running + event_hash).digest()
