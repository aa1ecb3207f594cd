"""What identity does because of its own events: forgetting people, ending sessions, clearing after workspaces."""

from services.identity.policies.clearing import ClearingPolicy, EndSessionsWorker, ForgetWorker, SweepWorker
from services.identity.policies.closing import closing_consumer

__all__ = ["ClearingPolicy", "EndSessionsWorker", "ForgetWorker", "SweepWorker", "closing_consumer"]
