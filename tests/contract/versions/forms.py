"""One form of a document, as a client sends it."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Form(NamedTuple):
    """A document from a version on, with the variables that are sent along."""

    since: str
    document: str
    variables: Mapping[str, Any]


def sent(kind: str, field: str, arguments: str, shown: str, *, declared: str) -> str:
    """Return a document with one root field."""
    told = f"({declared})" if declared else ""
    given = f"({arguments})" if arguments else ""
    return f"{kind} Sent{told} {{ {field}{given} {{ {shown} }} }}"
