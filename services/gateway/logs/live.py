"""What one gateway's viewers of log lines share."""

from dataclasses import dataclass, field

from services.gateway.logs.permit import Permits
from services.gateway.logs.tail import Tails


@dataclass(frozen=True, slots=True)
class LiveLogs:
    """The tails that are read and the permits that are asked for, each once however many viewers there are."""

    tails: Tails = field(default_factory=Tails)
    permits: Permits = field(default_factory=Permits)
