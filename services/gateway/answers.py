"""The form of an answer: data, errors and extensions as Houston's clients read them."""

import json
import logging
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from graphql import ExecutionResult, GraphQLError

from services.gateway.errors import INTERNAL, TYPES, Code, public
from shared.errors import AerodromeError

log: Final = logging.getLogger(__name__)

_CODES: Final = frozenset(Code)
_ECHOES: Final = (
    (re.compile(r"(cannot represent [\w -]+): .*", re.DOTALL), r"\1"),
    (re.compile(r"Value ['\"].*['\"] does not exist in", re.DOTALL), "The value does not exist in"),
    (re.compile(r"(Expected value of type '[^']*')(, but encountered error|[^:]*[,;] found).*", re.DOTALL), r"\1"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer and the HTTP status that it has alone."""

    status: int
    body: Mapping[str, Any]


def encode(body: Any) -> str:
    """Return the JSON text of an answer, compact and without escapes for letters beyond ASCII."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def refusal(status: int, message: str, code: Code) -> Answer:
    """Return the answer to a request that was not executed."""
    return Answer(status, {"errors": [_error(message, code)]})


def refusals(status: int, errors: Iterable[GraphQLError], code: Code) -> Answer:
    """Return the answer to a document that was not executed."""
    return Answer(status, {"errors": [format_error(error, code) for error in errors]})


def executed(result: ExecutionResult, *, stale: bool = False) -> Answer:
    """Return the answer to an executed document; without a key `errors` when there are none."""
    if result.data is None and result.errors and all(error.path is None for error in result.errors):
        return refusals(400, result.errors, Code.BAD_USER_INPUT)  # a variable of a wrong type: never executed
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body["errors"] = [format_error(error) for error in result.errors]
    if stale:
        body["extensions"] = {"stale": True}
    return Answer(200, body)


def format_error(error: GraphQLError, code: Code = Code.INTERNAL) -> dict[str, Any]:
    """Return an error as clients see it: ours by the table, an unknown one without its text."""
    message, code = _told(error, code)
    formatted = _error(message, code)
    if error.locations:
        formatted["locations"] = [{"line": where.line, "column": where.column} for where in error.locations]
    if error.path is not None:
        formatted["path"] = list(error.path)
    return formatted


def _told(error: GraphQLError, code: Code) -> tuple[str, Code]:
    original = error.original_error
    if isinstance(original, AerodromeError):
        told = public(original)
        return told.message, told.code
    if original is not None and not isinstance(original, GraphQLError):
        log.error("resolver failed", exc_info=original, extra={"path": error.path})
        return INTERNAL.message, INTERNAL.code
    own = (error.extensions or {}).get("code")
    return without_value(error.message), Code(own) if own in _CODES else code


def without_value(message: str) -> str:
    """Return a text of the GraphQL library about a wrong value, without that value: it may be a password."""
    for pattern, told in _ECHOES:
        message = pattern.sub(told, message)
    return message


def _error(message: str, code: Code) -> dict[str, Any]:
    return {
        "message": message,
        "extensions": {"code": code.value},
        "type": TYPES[code],
        "data": {},
        "timestamp": time.time_ns() // 1_000_000,
    }
