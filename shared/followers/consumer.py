"""Consumers: what a service does with the events of another one, each exactly once and in order."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from shared.followers.published import Published
from shared.store.model import Claim, Expected, NewEvent, PgConnection


@dataclass(frozen=True, slots=True)
class Effect:
    """What an event of another service causes in our own store; see Entry."""

    expected: tuple[Expected, ...]
    events: tuple[NewEvent, ...]
    take: tuple[Claim, ...] = ()
    release: tuple[Claim, ...] = ()


EntryEffect = Callable[[Published], Awaitable[Effect | None]]
"""Returns what an event causes in the own store, None for nothing; called afresh on a lost race."""

RowsEffect = Callable[[PgConnection, Sequence[Published]], Awaitable[None]]
"""Writes rows for a few events of any type, in their order, in the transaction of the consumer's row."""


@dataclass(frozen=True, slots=True)
class Consumer:
    """Takes the events of `source` and gives them, in order, to one of the two forms of effect.

    `entries`: its events are committed together with the consumer's row in one append. `rows`: its SQL is committed
    together with the consumer's row. `name` tells two consumers of one source apart; it is `source` where it is "".
    """

    source: str
    entries: EntryEffect | None = None
    rows: RowsEffect | None = None
    name: str = ""

    def __post_init__(self) -> None:
        if (self.entries is None) == (self.rows is None):
            raise TypeError("a consumer has exactly one form of effect: entries or rows")
        object.__setattr__(self, "name", self.name or self.source)

    @property
    def follower(self) -> str:
        """Return the name under which streams of the source are parked for this consumer."""
        return f"consumer:{self.name}"
