"""Arguments as Houston's clients send them: optional in the schema, checked when they are used."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, Final, cast

from pydantic import ValidationError

from services.gateway.errors import MISSING_ARGUMENT
from services.identity.contract import DeploymentId, DeploymentRole, Interface, Role, Rule, UserId, shown_role
from shared.errors import Invalid

MOST_SAID: Final = 200
"""Characters of a validation's text that a client is told."""


def required(name: str, *values: str | None) -> str:
    """Return the first value that is given; "" and null mean not given. Raises Invalid naming the argument."""
    for value in values:
        if value:
            return value
    raise Invalid(f"a required argument was not sent: {name}", rule=MISSING_ARGUMENT, details={"name": name})


def deployment_role(sent: Mapping[str, Any]) -> DeploymentRole:
    """Return a role on a deployment that is given along with one in its workspace."""
    return DeploymentRole(
        deployment_id=DeploymentId(required("deploymentId", sent.get("deployment_id"))),
        role=Role(required("role", sent.get("role"))),
    )


def mapping(name: str, value: Any) -> Mapping[str, Any]:
    """Return a JSON argument that must be an object; null means an empty one."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Invalid(f"the argument {name} must be an object")
    return cast("Mapping[str, Any]", value)


def payload_of(value: Any, *known: str) -> Mapping[str, Any]:
    """Return the argument payload, whose members may be those that are known; raise Invalid naming the others."""
    payload = mapping("payload", value)
    unknown = ", ".join(sorted(payload.keys() - set(known)))
    if unknown:
        raise Invalid(f"the payload may hold {', '.join(known)}, but not {unknown[:MOST_SAID]}")
    return payload


def text_in(payload: Mapping[str, Any], name: str) -> str | None:
    """Return a member that must be text, None where it is absent or null."""
    value = payload.get(name)
    if value is not None and not isinstance(value, str):
        raise Invalid(f"{name} must be text")
    return value


def role_in(payload: Mapping[str, Any], name: str) -> Role | None:
    """Return a member that must be a role by its name in this interface, None where it is not given."""
    text = text_in(payload, name)
    found = next((role for role in Role if role.value == text == shown_role(role, Interface.GRAPHQL)), None)
    if text and found is None:
        raise Invalid("there is no such role", rule=Rule.INVALID_ROLE)
    return found


def person_filter(search: Any) -> dict[str, Any]:
    """Return what a UserSearch asks for, by the names of our questions; "" and null mean not given."""
    wanted = mapping("user", search)
    id_ = wanted.get("user_id") or wanted.get("user_uuid")
    named = {name: wanted[name] for name in ("username", "email", "full_name") if wanted.get(name)}
    return {"ids": (UserId(id_),), **named} if id_ else named


@contextmanager
def checked(**arguments: str) -> Generator[None]:
    """Turn what a message refuses to be made of into Invalid that names the argument, without the value.

    `arguments`: what the client calls a field that is named otherwise than it.
    """
    try:
        yield
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = str(first["loc"][0]) if first["loc"] else ""  # what follows may be the client's own names
        head, *tail = field.split("_")
        place = arguments.get(field) or head + "".join(map(str.capitalize, tail))
        said = first["msg"][:MOST_SAID].removeprefix("Value error, ")
        raise Invalid(f"{place}: {said}" if place else said) from None
