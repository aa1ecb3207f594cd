"""Named queries of a `queries.sql`: each stands under a line `-- name: load_users`."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_NAME: Final = re.compile(r"^--\s*name:\s*([a-z][a-z0-9_]*)\s*$", re.MULTILINE)


def load_queries(path: Path) -> Mapping[str, str]:
    """Return the queries of the file by their names, each without its name line.

    Raises ValueError when a name stands twice or a query is empty: both are mistakes in the file.
    """
    parts = _NAME.split(path.read_text(encoding="utf-8"))
    queries: dict[str, str] = {}
    for name, text in zip(parts[1::2], parts[2::2], strict=True):
        query = text.strip().removesuffix(";")
        if name in queries or not query:
            raise ValueError(f"query {name} of {path.name} is empty or stands twice")
        queries[name] = query
    return queries


def load_folder(folder: Path) -> Mapping[str, str]:
    """Return the queries of all `.sql` files of a folder by their names; raise ValueError where a name stands twice."""
    queries: dict[str, str] = {}
    for path in sorted(folder.glob("*.sql")):
        found = load_queries(path)
        if twice := queries.keys() & found.keys():
            raise ValueError(f"queries {sorted(twice)} of {path.name} stand in another file too")
        queries |= found
    return queries
