"""What a service brings for its audit."""

from dataclasses import dataclass

from shared.audit.concerns import ConcernOf
from shared.audit.refusals import Strangers
from shared.commands import AskerOf


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """How a service reads its own events, knows who may ask, and what it can tell of strangers."""

    concern_of: ConcernOf
    asker_of: AskerOf
    strangers: Strangers | None = None
