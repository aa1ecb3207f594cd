"""What identity does because of its own events: forgetting people, ending sessions, clearing after what is gone."""

from services.identity.policies.clearing import (
    ClearingPolicy,
    EndMembershipsWorker,
    EndSessionsWorker,
    ForgetWorker,
    sweep_workers,
)
from services.identity.policies.closing import closing_consumer

__all__ = [
    "ClearingPolicy",
    "EndMembershipsWorker",
    "EndSessionsWorker",
    "ForgetWorker",
    "closing_consumer",
    "sweep_workers",
]
