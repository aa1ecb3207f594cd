"""The queries of lists in an order: composed once, when the service starts, of what stands in files and here alone.

An index can serve an order only if the order stands in the query's text, so there is a query for each first criterion.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from shared.sqlfile import load_queries

_TEAM: Final = {
    "name": 't.name collate "C"',
    "description": 't.description collate "C"',
    "created_at": "t.created_at",
    "updated_at": "t.updated_at",
}
_USER: Final = {
    "id": "u.id",
    "email": "u.email",
    "full_name": 'u.full_name collate "C"',
    "created_at": "u.created_at",
    "updated_at": "u.updated_at",
}
_TEAM_MEMBER: Final = {
    "user_id": "m.user_id",
    "full_name": 'u.full_name collate "C"',
    "email": "u.email",
    "created_at": "m.created_at",
}


def compose(folder: Path) -> Mapping[str, str]:
    """Return every query of the lists: `<list>:<field>:<asc or desc>`, of several criteria with `+`, or `<list>`."""
    teams, users = load_queries(folder / "teams.sql"), load_queries(folder / "users.sql")
    return {
        **dict(_by_first("users", users["users"], users["users_more"], _USER)),
        "users_on": _filled(users["users_on"], _USER),
        **dict(_by_first("teams", teams["teams"], teams["teams_more"], _TEAM)),
        "teams_named": _filled(teams["teams_named"], _TEAM),
        "sorted_team_members": _filled(teams["team_members"], _TEAM_MEMBER),
    }


def _by_first(name: str, one: str, several: str, columns: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for field, column in columns.items():
        for way in ("asc", "desc"):
            order = f"{column} {way}"
            yield f"{name}:{field}:{way}", _filled(one, columns, order)
            yield f"{name}:{field}:{way}+", _filled(several, columns, order)


def _filled(template: str, columns: Mapping[str, str], order: str = "") -> str:
    """Return the query with an order in its text, and with every criterion in every rank of those in $3."""
    criteria = [
        f"case when ($3::text[])[{rank}] = '{field}:{way}' then {column} end {way}"
        for rank in range(1, len(columns) + 1)
        for field, column in columns.items()
        for way in ("asc", "desc")
    ]
    return template.replace("{order}", order).replace("{criteria}", ",\n".join(criteria))
