"""Messages as bytes, errors on their way, and the context of a message."""

from datetime import timedelta
from typing import ClassVar

import pytest
from pydantic import Field, field_validator

from shared.auth import Grant, Principal, PrincipalKind
from shared.bus.context import Context
from shared.bus.wire import envelope, error_of, fault_of, read
from shared.errors import ERRORS, Internal, Invalid, OutcomeUnknown, Rejected
from shared.messages import Command, Envelope, Fault, Message
from shared.telemetry import current_traceparent, span, start_traces

PERSON = Principal(
    kind=PrincipalKind.USER,
    subject="user-1",
    credential="session-1",
    grants=(Grant(role="ADMIN", entity="workspace:w"),),
    permission_sets={"ADMIN": frozenset({"workspace.config.update"})},
)


class Done(Message):
    pass


class Rename(Command[Done]):
    subject: ClassVar[str] = "sample.command.rename"

    label: str = Field(min_length=3)
    number: int = 0

    @field_validator("label")
    @classmethod
    def _no_slash(cls, label: str) -> str:
        if "/" in label:
            raise ValueError("a label has no slash")
        return label


def test_an_envelope_carries_the_whole_context() -> None:
    context = Context.first(PERSON, keyed=True)
    message = Rename(label="apron")
    received = read(Envelope, envelope(message, context))
    assert Context.of(received) == context
    assert read(Rename, received.payload) == message


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ('{"label": "hush"}{', "json invalid"),
        ('{"label": "hush", "secret": "hush"}', "secret: Extra inputs are not permitted"),
        ('{"number": "hush"}', "label: Field required; number: int parsing"),
        ('{"label": "hush/hush"}', "label: a label has no slash"),
        ('{"label": "hu"}', "label: String should have at least 3 characters"),
        (r'{"label": "hush\u0000"}', "text holds U+0000"),
        (r'{"label": "hush\ud800"}', "lone surrogate"),
    ],
)
def test_what_does_not_fit_is_said_without_the_value(payload: str, expected: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(Rename, payload)
    assert expected in refused.value.text
    assert "hush" not in refused.value.text


def test_only_a_few_faults_are_told_and_long_names_are_cut() -> None:
    payload = "{" + ",".join(f'"{"x" * 500}{number}": 1' for number in range(100)) + "}"
    with pytest.raises(Invalid) as refused:
        read(Rename, payload)
    assert len(refused.value.text) < 1000


@pytest.mark.parametrize("kind", ERRORS.values())
def test_every_error_crosses_the_bus_unchanged(kind: type[Rejected]) -> None:
    error = error_of(fault_of(kind("text", rule="rule", details={"a": "b"})))
    assert type(error) is kind
    assert (error.text, error.rule, error.details) == ("text", "rule", {"a": "b"})


def test_an_unknown_code_and_an_unknown_outcome_become_internal() -> None:
    assert type(error_of(Fault(code="from_the_future", text="x"))) is Internal
    assert fault_of(OutcomeUnknown("x")).code == Internal.code


def test_a_caused_message_keeps_the_correlation_and_names_its_cause() -> None:
    first = Context.first(PERSON, keyed=True)
    second = first.caused(deadline=first.deadline + timedelta(seconds=1))
    assert second.correlation_id == first.correlation_id == first.message_id
    assert second.causation_id == first.message_id
    assert second.message_id != first.message_id
    assert second.principal == PERSON
    assert second.keyed is False
    after = Context.after(second.metadata(role="ADMIN"), Principal())
    assert (after.correlation_id, after.causation_id) == (first.message_id, second.message_id)


def test_metadata_is_the_audit_trail() -> None:
    context = Context.first(PERSON)
    metadata = context.metadata(role="ADMIN")
    assert (metadata.subject, metadata.kind, metadata.credential) == ("user-1", "user", "session-1")
    assert metadata.role == "ADMIN"


def test_a_trace_goes_on_across_the_bus() -> None:
    start_traces(service="sample")
    with span("ask"):
        received = read(Envelope, envelope(Rename(label="apron"), Context.first()))
    assert current_traceparent() == ""
    with span("answer", traceparent=received.traceparent):
        assert current_traceparent().split("-")[1] == received.traceparent.split("-")[1]
        assert current_traceparent() != received.traceparent
