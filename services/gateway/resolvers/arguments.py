"""Arguments as Houston's clients send them: optional in the schema, checked when they are used."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, Final, cast

from pydantic import ValidationError

from services.gateway.errors import MISSING_ARGUMENT
from shared.errors import Invalid

MOST_SAID: Final = 200
"""Characters of a validation's text that a client is told."""


def required(name: str, *values: str | None) -> str:
    """Return the first value that is given; "" and null mean not given. Raises Invalid naming the argument."""
    for value in values:
        if value:
            return value
    raise Invalid(f"a required argument was not sent: {name}", rule=MISSING_ARGUMENT, details={"name": name})


def mapping(name: str, value: Any) -> Mapping[str, Any]:
    """Return a JSON argument that must be an object; null means an empty one."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Invalid(f"the argument {name} must be an object")
    return cast("Mapping[str, Any]", value)


def text_in(payload: Mapping[str, Any], name: str) -> str | None:
    """Return a member that must be text, None where it is absent or null."""
    value = payload.get(name)
    if value is not None and not isinstance(value, str):
        raise Invalid(f"{name} must be text")
    return value


@contextmanager
def checked() -> Generator[None]:
    """Turn what a message refuses to be made of into Invalid, without the value."""
    try:
        yield
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = str(first["loc"][0]) if first["loc"] else ""  # the argument; what follows may be the client's own names
        said = first["msg"][:MOST_SAID].removeprefix("Value error, ")
        raise Invalid(f"{place}: {said}" if place else said) from None
