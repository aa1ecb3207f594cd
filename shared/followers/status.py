"""What the command line and the metrics show of a service's followers."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class FollowerKind(StrEnum):
    """What a follower does with the events."""

    PROJECTION = "projection"
    POLICY = "policy"
    PUBLISHER = "publisher"
    CONSUMER = "consumer"


@dataclass(frozen=True, slots=True)
class FollowerStatus:
    """Where a follower stands; `head` is the last position there is to reach, its own store's or its source's."""

    name: str
    kind: FollowerKind
    position: int
    head: int
    parked: int

    @property
    def lag(self) -> int:
        """Return how many positions it is behind."""
        return max(0, self.head - self.position)


@dataclass(frozen=True, slots=True)
class Parked:
    """A stream that a follower could not apply; its events from `position` on wait for a replay."""

    follower: str
    stream: str
    position: int
    error: str
    parked_at: datetime


@dataclass(frozen=True, slots=True)
class OutboxStatus:
    """The jobs of one kind: `waiting` are to be done, `later` are timers not yet due, `dead` wait for a person."""

    kind: str
    waiting: int = 0
    dead: int = 0
    later: int = 0


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A job that failed too often; `requeue` gives it another round of attempts."""

    id: int
    kind: str
    key: str
    attempts: int
    error: str
    dead_at: datetime


@dataclass(frozen=True, slots=True)
class Status:
    """All followers of a service, what is parked, and its outbox."""

    followers: tuple[FollowerStatus, ...]
    parked: tuple[Parked, ...]
    outbox: tuple[OutboxStatus, ...]
    dead_letters: tuple[DeadLetter, ...]
