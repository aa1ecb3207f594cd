"""How much a deployment may say: lines and bytes a second, saved up for a burst; it has no clock of its own."""

from dataclasses import dataclass, field
from typing import Final

BURST_S: Final = 5.0
"""So many seconds' worth may come at once after a silence."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Lines and bytes a second."""

    lines_per_s: int = 1_000
    bytes_per_s: int = 512 * 1024


DEFAULT_RATE: Final = Rate()


@dataclass(slots=True)
class Quota:
    """What is left of one deployment's rate; all its components share it."""

    rate: Rate
    _lines: float = field(init=False)
    _bytes: float = field(init=False)
    _at: float = 0.0

    def __post_init__(self) -> None:
        self._lines = self.rate.lines_per_s * BURST_S
        self._bytes = self.rate.bytes_per_s * BURST_S

    def left(self, now: float) -> int:
        """Return how many lines may be taken now, 0 where the bytes are used up; `now` is in seconds and rises."""
        passed_s, self._at = max(now - self._at, 0.0), now
        self._lines = min(self._lines + passed_s * self.rate.lines_per_s, self.rate.lines_per_s * BURST_S)
        self._bytes = min(self._bytes + passed_s * self.rate.bytes_per_s, self.rate.bytes_per_s * BURST_S)
        return int(self._lines) if self._bytes > 0 else 0

    def spend(self, lines: int, size: int) -> None:
        """Take lines off; the last ones may go beyond the bytes, which are owed then."""
        self._lines -= lines
        self._bytes -= size
