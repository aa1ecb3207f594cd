"""Writes the permission table as a page for people: `make permissions`."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.integration.gateway.matrix.rows import Caller, Cell, Kind, Outcome, Row, Standing
from tests.integration.gateway.matrix.table import SUBJECTS

PAGE: Final = Path(__file__).parents[4] / "docs" / "permissions.md"

_SIGNS: Final[Mapping[Outcome, str]] = {
    Outcome.ALLOWED: "✓",
    Outcome.REFUSED: "✗",
    Outcome.HIDDEN: "?",
    Outcome.NOTHING: "∅",
}

_COLUMNS: Final[Mapping[Standing, str]] = {
    Standing.NOBODY: "nobody",
    Standing.NO_ROLE: "no role there",
    Standing.WORKSPACE_VIEWER: "workspace viewer",
    Standing.WORKSPACE_EDITOR: "workspace editor",
    Standing.WORKSPACE_ADMIN: "workspace admin",
    Standing.DEPLOYMENT_VIEWER: "deployment viewer",
    Standing.DEPLOYMENT_EDITOR: "deployment editor",
    Standing.DEPLOYMENT_ADMIN: "deployment admin",
    Standing.SYSTEM_VIEWER: "system viewer",
    Standing.SYSTEM_EDITOR: "system editor",
    Standing.SYSTEM_ADMIN: "system admin",
}

_HEAD: Final = """\
# Who may do what

Every operation of the GraphQL API, and what each caller gets. This page is made from the table in
`tests/integration/gateway/matrix/table` by `make permissions`; a test runs every cell of that table against the whole
product, as a user, as a service account and as a member of a team that has the role, and fails where an operation has
no row.

| sign | means |
| --- | --- |
| ✓ | allowed |
| ✗ | refused: `You do not have the appropriate permissions for that`; nothing is changed |
| ? | `The requested resource was not found`, as if there were none; nothing is changed |
| ∅ | answered, but it is not among what is shown |

Roles on a workspace or a deployment are shown on what is in theirs; anywhere else they are worth as much as "no role
there". What is about another person, the system or all there is takes a role on the system.
Service accounts, and members of a team with the role, get what a user with the same role gets.
"""


def page() -> str:
    """Return the page."""
    return "\n".join([_HEAD, *(line for title, rows in SUBJECTS.items() for line in _section(title, rows))])


def _section(title: str, rows: Sequence[Row]) -> Iterator[str]:
    yield f"## {title}\n"
    yield f"| operation | permission | {' | '.join(_COLUMNS.values())} |"
    yield "| --- | --- |" + " :-: |" * len(_COLUMNS)
    yield from (_line(row) for row in rows)
    yield ""


def _line(row: Row) -> str:
    signs = (_SIGNS[_shown(row, standing)] for standing in _COLUMNS)
    form = f" ({row.form})" if row.form else ""
    return f"| `{row.operation}`{form} | {row.permission} | {' | '.join(signs)} |"


def _shown(row: Row, standing: Standing) -> Outcome:
    kind = Kind.NOBODY if standing is Standing.NOBODY else Kind.USER
    return Cell(row, Caller(kind, standing), own=standing.local).expected


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
