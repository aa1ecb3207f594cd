"""Named queries."""

from pathlib import Path

import pytest

from shared.sqlfile import load_queries


def test_queries_are_found_by_name_without_their_semicolon(tmp_path: Path) -> None:
    file = tmp_path / "queries.sql"
    file.write_text(
        "-- why this file\n\n-- name: load_users\nselect id -- by id\nfrom users;\n\n-- name: drop\ndelete from users\n"
    )
    assert load_queries(file) == {"load_users": "select id -- by id\nfrom users", "drop": "delete from users"}


@pytest.mark.parametrize("text", ["-- name: a\nselect 1;\n-- name: a\nselect 2;", "-- name: a\n-- name: b\nselect 1"])
def test_a_query_twice_or_empty_is_a_mistake(tmp_path: Path, text: str) -> None:
    file = tmp_path / "queries.sql"
    file.write_text(text)
    with pytest.raises(ValueError, match=r"query a of queries\.sql"):
        load_queries(file)
