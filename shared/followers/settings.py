"""The numbers that followers run by."""

from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamLimits:
    """What the JetStream stream of a service keeps at most; whatever is gone is read from the service itself."""

    age: timedelta = timedelta(days=7)
    most_bytes: int = 256 * 1024 * 1024
    duplicate_window: timedelta = timedelta(minutes=2)
    replicas: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowerSettings:
    """Defaults are the product's; tests shorten some.

    `poll`: the floor under every wake-up. `batch`: events a transaction. `stop`: how long what is under way may take to
    end. `lease`: how long a claimed job is a worker's unless renewed. `attempts`: after so many a job is a dead letter,
    but `patient_attempts` where the last failure was one that passes, such as a server that is away (2 days), and
    `deaths` where workers ended with it; the delays double from `first_delay` to `longest_delay`. `keep_done`: how long
    a done job keeps its key.
    """

    poll: timedelta = timedelta(seconds=1)
    batch: int = 1000
    stop: timedelta = timedelta(seconds=2)
    concurrency: int = 4
    lease: timedelta = timedelta(seconds=30)
    attempts: int = 20
    patient_attempts: int = 300
    deaths: int = 5
    first_delay: timedelta = timedelta(seconds=1)
    longest_delay: timedelta = timedelta(minutes=10)
    keep_done: timedelta = timedelta(days=7)
    stream: StreamLimits = field(default_factory=StreamLimits)
