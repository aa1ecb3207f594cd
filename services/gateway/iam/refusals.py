"""How the REST interface refuses: the body of errors, and the status of each of ours. Source: iam.md, section 4."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from services.gateway.errors import public, sentence
from shared.errors import AerodromeError

RETRY_AFTER_S: Final = 1
NO_ACCESS: Final = "You do not have permission to perform this action"

_STATUS: Final[Mapping[str, int]] = {
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "invalid": 400,
    "rejected": 400,
    "unavailable": 503,
    "wrong_expected_version": 503,
}
_TEXT: Final[Mapping[int, str]] = {401: "Unauthorized", 403: NO_ACCESS}


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one part of a request: `code` is the name of the broken rule."""

    field: str
    code: str
    message: str


@dataclass(eq=False)
class Refused(Exception):
    """An answer that is an error, with the status and the text that a client is told."""

    status: int
    message: str
    fields: Sequence[FieldError] = ()
    headers: Mapping[str, str] | None = None

    def body(self, request_id: str) -> dict[str, Any]:
        """Return the body of the answer."""
        told: dict[str, Any] = {"message": self.message, "requestId": request_id, "statusCode": self.status}
        if self.fields:
            told["fieldErrors"] = [
                {"field": each.field, "code": each.code, "message": each.message} for each in self.fields
            ]
        return told


def refused_for(error: AerodromeError) -> Refused:
    """Return the answer that an error of ours gets."""
    status = _STATUS.get(error.code, 500)
    headers = {"Retry-After": str(RETRY_AFTER_S)} if status == 503 else None
    return Refused(status, _TEXT.get(status, public(error).message), headers=headers)


def not_found(thing: str, id_: str) -> Refused:
    """Return the answer where an id that a request names does not exist."""
    return Refused(404, f"{thing} with id {id_} not found")


def invalid(message: str) -> Refused:
    """Return the answer to a request that is wrong as a whole."""
    return Refused(400, f"Invalid request: {message}")


def invalid_fields(error: ValidationError) -> Refused:
    """Return the answer to a request whose parts break the rules of a model."""
    fields = [
        FieldError(".".join(str(part) for part in each["loc"]), each["type"], sentence(each["msg"]))
        for each in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    told = "; ".join(f"{each.field or 'body'}: {each.message}" for each in fields[:3])
    return Refused(400, f"Invalid request: {told}", fields)
