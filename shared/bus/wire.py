"""Messages as bytes: envelopes, replies, and errors on their way across the bus."""

from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from shared.bus.context import Context
from shared.bus.request import Result
from shared.clock import utc_now
from shared.errors import ERRORS, AerodromeError, Internal, Invalid
from shared.messages import Ask, Envelope, Fault, Reply
from shared.telemetry import current_traceparent
from shared.text import check_json

Model = TypeVar("Model", bound=BaseModel)

MISTAKE: Final = "something went wrong on our side"
_MOST_FAULTS: Final = 5
_MOST_CHARACTERS: Final = 80


def envelope(message: Ask[Any], context: Context) -> bytes:
    """Return a message in its envelope, ready to be sent, any number of times."""
    return (
        Envelope(
            message_id=context.message_id,
            correlation_id=context.correlation_id,
            causation_id=context.causation_id,
            traceparent=current_traceparent() or context.traceparent,
            deadline=context.deadline,
            time=utc_now(),
            principal=context.principal,
            origin=context.origin,
            origin_seal=context.origin_seal,
            keyed=context.keyed,
            payload=message.model_dump_json(),
        )
        .model_dump_json()
        .encode()
    )


def read(model: type[Model], raw: bytes | str) -> Model:
    """Return the model that the JSON text holds; raise Invalid, without a value, where it does not fit."""
    try:
        return model.model_validate_json(check_json(raw))
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        text = "; ".join(_fault_text(fault) for fault in faults[:_MOST_FAULTS])
        raise Invalid(f"{model.__name__} does not fit: {text}") from None


def reply_with(result: Result[Any]) -> Reply:
    """Return the reply that carries an answer."""
    return Reply(value=result.value.model_dump_json(), stream=result.stream, position=result.position)


def reply_of(error: AerodromeError) -> Reply:
    """Return the reply that carries an error."""
    return Reply(fault=fault_of(error))


def fault_of(error: AerodromeError) -> Fault:
    """Return an error as it crosses the bus; a code that may not cross it becomes Internal."""
    if error.code not in ERRORS:
        return Fault(code=Internal.code, text=MISTAKE)
    return Fault(code=error.code, text=error.text, rule=error.rule, details=error.details)


def error_of(fault: Fault) -> AerodromeError:
    """Return the error that a fault carries; an unknown code becomes Internal."""
    return ERRORS.get(fault.code, Internal)(fault.text, rule=fault.rule, details=fault.details)


def _fault_text(fault: ErrorDetails) -> str:
    place = ".".join(str(part) for part in fault["loc"])[:_MOST_CHARACTERS]
    # A parser's message may quote what it read; its type never does.
    kind = fault["type"]
    said = kind.replace("_", " ") if kind.endswith("_parsing") or kind == "json_invalid" else fault["msg"]
    return f"{place}: {said.removeprefix('Value error, ')}" if place else said
