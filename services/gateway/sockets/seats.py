"""What sockets take of one process, and whose it is."""

from dataclasses import dataclass, field
from typing import Final

from services.gateway.work import Work

MOST_SOCKETS: Final = 2_000
MOST_OPERATIONS: Final = 4_000
"""Sockets, and operations under way on them, in all; whoever is alone has at most half of them."""

TOO_MANY_SOCKETS: Final = "Too many sockets of yours are open"
TOO_MANY_OPERATIONS: Final = "Too many operations of yours are under way"


@dataclass(frozen=True, slots=True)
class Seats:
    """Sockets and operations by who holds them: one gets another only while he has fewer than are free."""

    sockets: Work = field(default_factory=lambda: Work(most=MOST_SOCKETS))
    operations: Work = field(default_factory=lambda: Work(most=MOST_OPERATIONS))
