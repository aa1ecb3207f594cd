"""What crosses the wire: commands, queries, events, and the envelope around them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final, Generic, TypeVar, cast
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.auth import ANONYMOUS, NOWHERE, Origin, Principal


class Generated:
    """Marks a field that the sender makes (an id, a time, a secret) and that is no part of the wish.

    Use: `user_id: Annotated[UserId, Generated()] = Field(default_factory=...)`. Such fields are left out of the digest
    that tells whether a repeated command id carries the same payload.
    """


class Message(BaseModel):
    """A frozen model that crosses the bus as JSON."""

    model_config = ConfigDict(frozen=True)


class Row(Message):
    """A row of a read model, as queries and replies carry it; unknown fields are ignored."""


AnswerT = TypeVar("AnswerT", bound=Message)


class Ask(Message, Generic[AnswerT]):
    """A request on `subject` that is answered with `AnswerT`; the base of Command and Query."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subject: ClassVar[str]

    @classmethod
    def service(cls) -> str:
        """Return the name of the service that answers."""
        return cls.subject.split(".", 1)[0]

    @classmethod
    def answer_type(cls) -> type[AnswerT]:
        """Return the model of the answer, as written in `class X(Command[Answer])`."""
        for base in cls.__mro__:
            metadata: Mapping[str, Any] = getattr(base, "__pydantic_generic_metadata__", {})
            if metadata.get("args"):
                return cast("type[AnswerT]", metadata["args"][0])
        raise TypeError(f"{cls.__name__} names no answer")


class Command(Ask[AnswerT], Generic[AnswerT]):
    """A wish, imperative, that may be rejected; subject `<service>.command.<name>`."""

    def wish(self) -> str:
        """Return the canonical JSON of what is asked for, without the generated fields."""
        return self.model_dump_json(exclude=self.generated())

    @classmethod
    def generated(cls) -> set[str]:
        """Return the names of the fields that the sender makes."""
        return {name for name, field in cls.model_fields.items() if _is_generated(field.metadata)}


class Query(Ask[AnswerT], Generic[AnswerT]):
    """A question about read models; subject `<service>.query.<name>`."""


class Event(Message):
    """A fact, past tense, never changed; unknown fields are ignored.

    `type_name` is what is stored: classes may be renamed, it may not. `person` names the field that holds the id of the
    person whose key encrypts the fields marked Personal; "" where there are none.
    """

    type_name: ClassVar[str]
    schema_version: ClassVar[int] = 1
    person: ClassVar[str] = ""


class Envelope(Message):
    """What surrounds every request on the bus.

    `message_id` is the command id: a repeat carries the same. `keyed` says that the caller gave an Idempotency-Key, so
    that rejections leave a receipt too. `deadline` and `time` are UTC. `payload` is the request's JSON. `origin` is
    in the clear, for identity alone; `origin_seal` is the same sealed by identity, which any service may keep.
    """

    message_id: UUID
    correlation_id: UUID
    causation_id: UUID
    traceparent: str = ""
    deadline: datetime
    time: datetime
    principal: Principal = ANONYMOUS
    origin: Origin = NOWHERE
    origin_seal: str = ""
    keyed: bool = False
    payload: str


class Metadata(Message):
    """What is stored beside every event: the audit trail.

    `origin_seal`: from where it was caused, sealed under the actor's key; never published.
    """

    message_id: UUID
    correlation_id: UUID
    causation_id: UUID
    traceparent: str = ""
    subject: str = ""
    kind: str = ""
    credential: str = ""
    role: str = ""
    origin_seal: str = ""


class Fault(Message):
    """An error as it crosses the bus; see shared.errors."""

    code: str
    text: str
    rule: str = ""
    details: Mapping[str, str] = Field(default_factory=dict[str, str])


class Reply(Message):
    """The answer to a request: a value as JSON, or a fault. `position` is 0 where nothing was written."""

    value: str | None = None
    fault: Fault | None = None
    stream: str = ""
    position: int = 0


MOST_ROWS: Final = 500
"""Rows that one reply may hold; the asker loops."""


def _is_generated(metadata: list[Any]) -> bool:
    return any(isinstance(mark, Generated) for mark in metadata)
