"""The publisher: copies the store's events to the JetStream stream of the service, which is only a cache."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamLimits:
    """What the JetStream stream of a service keeps at most; whatever is gone is read from the service itself."""

    age: timedelta = timedelta(days=7)
    most_bytes: int = 256 * 1024 * 1024
    duplicate_window: timedelta = timedelta(minutes=2)
    replicas: int = 1
