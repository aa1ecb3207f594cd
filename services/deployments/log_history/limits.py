"""How much of the history is kept."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLimits:
    """By age; by bytes on disk, all together; by bytes of one deployment's messages, with 256 more for each line."""

    age: timedelta
    most_bytes: int
    deployment_bytes: int
