"""Label selectors as the API takes them: `a=b,c in (d,e)`."""

import re
from typing import Any

_TERM = re.compile(r"\s*([^=,\s]+)\s*(?:=\s*([^,]*)|in\s*\(([^)]*)\))\s*(?:,|$)")


def matches(found: dict[str, Any], selector: str) -> bool:
    """Say whether an object has the labels that are asked for."""
    labels: dict[str, str] = found["metadata"].get("labels") or {}
    return all(labels.get(name) in ((many or one).split(",")) for name, one, many in _TERM.findall(selector))
