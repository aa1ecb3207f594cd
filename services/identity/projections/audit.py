"""What identity's events concern, for the audit."""

from typing import Final

from shared.audit.concerns import Concern, concern_of
from shared.store.model import Recorded

_AT_HOME: Final = frozenset({"credential", "deployment"})


def concern(recorded: Recorded) -> Concern:
    """Return the thing and the workspace that an event concerns."""
    return concern_of(recorded, at_home=_AT_HOME)
