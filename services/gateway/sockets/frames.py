"""What a client may send over a socket, read from text."""

from collections.abc import Mapping
from typing import Any, cast

from services.gateway.credentials import bare_token
from services.gateway.requests import read_json
from shared.errors import Invalid

MOST_ID = 255


def read_frame(text: str) -> Mapping[str, Any]:
    """Return a frame: a JSON object with a type; raise Invalid for anything else."""
    frame = read_json(text)
    if not isinstance(frame, dict) or not isinstance(cast("dict[str, Any]", frame).get("type"), str):
        raise Invalid("a frame must be a JSON object with a member type")
    members = cast("dict[str, Any]", frame)
    if members.get("payload") is not None and not isinstance(members["payload"], dict):
        raise Invalid("the payload of a frame must be an object")
    return members


def token_in(frame: Mapping[str, Any]) -> str:
    """Return the token in a connection_init: its member authorization, in any case, raw or as Bearer."""
    payload: Mapping[str, Any] = frame.get("payload") or {}
    for name, value in payload.items():
        if name.lower() in {"authorization", "authentication"} and isinstance(value, str) and value:
            return bare_token(value)
    return ""


def key_of(frame: Mapping[str, Any], *, legacy: bool) -> str | int | None:
    """Return the id of an operation; in the legacy protocol none is an id like any other. Raises Invalid."""
    key = frame.get("id")
    if legacy and (key is None or (isinstance(key, int) and not isinstance(key, bool))):
        return key
    if isinstance(key, str) and 0 < len(key) <= MOST_ID:
        return key
    raise Invalid("the id of an operation must be text")
