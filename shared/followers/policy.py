"""Policies turn events into jobs of the outbox; workers perform the jobs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID, uuid5

from shared.auth import service_principal
from shared.bus.context import PATIENCE, Context
from shared.messages import Metadata
from shared.store.model import Recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Something to be done because of an event, at least once.

    `key` makes it unique among its kind: a second job with the same key is not written. `payload` is JSON without
    personal data or secrets. `id`, `attempts` (1 at the first) and `origin` (the metadata of the event that caused it)
    are there when a worker gets it.
    """

    kind: str
    key: str
    payload: str
    not_before: datetime | None = None
    id: int = 0
    attempts: int = 0
    origin: Metadata | None = None

    def message_id(self, step: str = "") -> UUID:
        """Return the id of the command for this job, the same at every attempt; `step` tells several apart."""
        return uuid5(self._origin.message_id, f"{self.kind}/{self.key}/{step}")

    def context(self, service: str, *, step: str = "", patience: timedelta = PATIENCE) -> Context:
        """Return the context in which `service:<service>` asks on behalf of the original principal."""
        return Context.after(
            self._origin,
            service_principal(service).model_copy(update={"credential": self._origin.credential}),
            patience=patience,
            message_id=self.message_id(step),
        )

    @property
    def _origin(self) -> Metadata:
        if self.origin is None:
            raise TypeError(f"job {self.kind}/{self.key} has not been claimed by a worker")
        return self.origin


class Hopeless(Exception):
    """Raised by a worker where trying again can't help: the job becomes a dead letter at once.

    Its text is kept for the person who looks at the dead letter; it holds no secret and no personal datum.
    """


class Policy(Protocol):
    """Answers an event with jobs, which are committed together with the policy's checkpoint; pure."""

    @property
    def name(self) -> str: ...

    def jobs(self, recorded: Recorded) -> Sequence[Job]: ...


class Worker(Protocol):
    """Performs the jobs of one kind, several at once; each must bear being performed again.

    What `perform` raises is retried with backoff until the job is a dead letter; Hopeless makes it one at once.
    """

    @property
    def kind(self) -> str: ...

    async def perform(self, job: Job) -> None: ...
