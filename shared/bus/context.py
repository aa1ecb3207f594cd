"""What travels with a message beside its payload: ids, principal, deadline and trace."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from shared.auth import ANONYMOUS, NOWHERE, Origin, Principal
from shared.clock import utc_now
from shared.ids import new_message_id
from shared.messages import Envelope, Metadata
from shared.telemetry import current_traceparent

PATIENCE: Final = timedelta(seconds=5)
"""How long a message may take when its sender says nothing else."""


@dataclass(frozen=True, slots=True)
class Context:
    """The ids, the principal, the deadline and the trace of one message.

    `message_id` is the id of a command: a repeat carries the same. `keyed` says that the caller gave an
    Idempotency-Key, so that a rejection leaves a receipt too. `origin` goes no further than to the service that is
    asked; `origin_seal`, the same sealed under the actor's key, goes along and into the metadata of events.
    """

    message_id: UUID
    correlation_id: UUID
    causation_id: UUID
    principal: Principal
    deadline: datetime
    traceparent: str = ""
    keyed: bool = False
    origin: Origin = NOWHERE
    origin_seal: str = ""

    @classmethod
    def first(
        cls,
        principal: Principal = ANONYMOUS,
        *,
        patience: timedelta = PATIENCE,
        message_id: UUID | None = None,
        correlation_id: UUID | None = None,
        keyed: bool = False,
        origin: Origin = NOWHERE,
        origin_seal: str = "",
    ) -> "Context":
        """Return the context of a message that no other message caused."""
        own = message_id or new_message_id()
        return cls(
            message_id=own,
            correlation_id=correlation_id or own,
            causation_id=own,
            principal=principal,
            deadline=utc_now() + patience,
            traceparent=current_traceparent(),
            keyed=keyed,
            origin=origin,
            origin_seal=origin_seal,
        )

    @classmethod
    def after(
        cls,
        origin: Metadata,
        principal: Principal,
        *,
        patience: timedelta = PATIENCE,
        message_id: UUID | None = None,
    ) -> "Context":
        """Return the context of a message that an event with the metadata `origin` caused, sealed from where it was."""
        return cls(
            message_id=message_id or new_message_id(),
            correlation_id=origin.correlation_id,
            causation_id=origin.message_id,
            principal=principal,
            deadline=utc_now() + patience,
            traceparent=origin.traceparent,
            origin_seal=origin.origin_seal,
        )

    @classmethod
    def of(cls, envelope: Envelope) -> "Context":
        """Return the context that an envelope carries."""
        return cls(
            message_id=envelope.message_id,
            correlation_id=envelope.correlation_id,
            causation_id=envelope.causation_id,
            principal=envelope.principal,
            deadline=envelope.deadline,
            traceparent=envelope.traceparent,
            keyed=envelope.keyed,
            origin=envelope.origin,
            origin_seal=envelope.origin_seal,
        )

    def caused(
        self,
        principal: Principal | None = None,
        message_id: UUID | None = None,
        deadline: datetime | None = None,
    ) -> "Context":
        """Return the context of a message that this one causes: it keeps what is not given, but no clear origin."""
        return Context(
            message_id=message_id or new_message_id(),
            correlation_id=self.correlation_id,
            causation_id=self.message_id,
            principal=principal or self.principal,
            deadline=deadline or self.deadline,
            traceparent=current_traceparent() or self.traceparent,
            origin_seal=self.origin_seal,
        )

    @property
    def left_s(self) -> float:
        """Return the seconds to the deadline; negative when it has passed."""
        return (self.deadline - utc_now()).total_seconds()

    def metadata(self, *, role: str = "") -> Metadata:
        """Return what is stored beside the events of this message; `role` is the one that allowed it."""
        return Metadata(
            message_id=self.message_id,
            correlation_id=self.correlation_id,
            causation_id=self.causation_id,
            traceparent=self.traceparent,
            subject=self.principal.subject,
            kind=self.principal.kind.value,
            credential=self.principal.credential,
            role=role,
            origin_seal=self.origin_seal,
        )
