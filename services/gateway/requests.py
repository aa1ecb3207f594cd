"""What a client may send over HTTP: one request or a bounded array of them, as Houston's clients write it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn, cast

from shared.errors import Invalid
from shared.text import check_json

MOST_BODY: Final = 1024 * 1024
"""Bytes of a request body."""

MOST_BATCH: Final = 10
MOST_LEVELS: Final = 64
"""Levels of objects and arrays in JSON, sent as such or written into a document."""

TOO_DEEP: Final = f"JSON may be nested at most {MOST_LEVELS} levels deep"


@dataclass(frozen=True, slots=True)
class GraphRequest:
    """One document with its variables; `index` is its place in a batch."""

    query: str
    variables: Mapping[str, Any] = field(default_factory=dict[str, Any])
    operation_name: str | None = None
    index: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """What one body asks for; `many` says that the answer is an array."""

    requests: tuple[GraphRequest, ...]
    many: bool = False


def read_body(raw: bytes) -> Batch:
    """Return the requests of a JSON body; raise Invalid for anything else."""
    value = read_json(raw)
    items = as_list(value)
    if items is None:
        return Batch((read_request(value),))
    if not 1 <= len(items) <= MOST_BATCH:
        raise Invalid(f"a batch of {len(items)} requests was sent, expected 1 to {MOST_BATCH}")
    return Batch(tuple(read_request(item, index=index) for index, item in enumerate(items)), many=True)


def read_query(parameters: Mapping[str, str]) -> GraphRequest:
    """Return the request in the parameters of a GET; raise Invalid when they hold none."""
    variables = parameters.get("variables", "")
    return read_request(
        {
            "query": parameters.get("query"),
            "variables": read_json(variables.encode(errors="surrogatepass")) if variables else None,
            "operationName": parameters.get("operationName"),
        }
    )


def read_request(value: Any, *, index: int = 0) -> GraphRequest:
    """Return a request from its JSON object; unknown members are ignored, null variables and name mean none."""
    if not isinstance(value, dict):
        raise Invalid("the request must be a JSON object with a member query")
    members = cast("Mapping[str, Any]", value)
    query, variables, name = members.get("query"), members.get("variables"), members.get("operationName")
    if not isinstance(query, str) or not query.strip():
        raise Invalid("the member query must be the text of a GraphQL document")
    if variables is not None and not isinstance(variables, dict):
        raise Invalid("the member variables must be a JSON object or null")
    if name is not None and not isinstance(name, str):
        raise Invalid("the member operationName must be text or null")
    return GraphRequest(query, cast("dict[str, Any]", variables) if variables else {}, name or None, index)


def read_json(raw: str | bytes) -> Any:
    """Return the value of a JSON text; raise Invalid for what is not JSON or can't be stored."""
    text = check_json(raw)
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise Invalid(TOO_DEEP) from None
    except ValueError:
        raise Invalid("the body is not valid JSON") from None
    _check_depth(value)
    return value


def as_list(value: Any) -> list[Any] | None:
    """Return a JSON value if it is an array, else None."""
    return value if isinstance(value, list) else None  # pyright: ignore[reportUnknownVariableType]  # JSON enters


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MOST_LEVELS + 1):
        level = [inner for outer in level for inner in _members(outer)]
        if not level:
            return
    raise Invalid(TOO_DEEP)


def _members(value: Any) -> Iterable[Any]:
    return cast("Mapping[str, Any]", value).values() if isinstance(value, dict) else as_list(value) or ()


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
