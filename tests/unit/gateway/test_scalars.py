"""The scalars, as literals and as variables."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ariadne import QueryType, make_executable_schema
from graphql import (
    GraphQLError,
    graphql_sync,  # pyright: ignore[reportUnknownVariableType]
)

from services.gateway.scalars import SCALARS, parse_datetime, serialize_datetime

SDL = "scalar JSON scalar Uuid scalar Id scalar DateTime type Query { json(value: JSON): JSON uuid(value: Uuid): Uuid }"


def same(_root: object, _info: object, value: Any = None) -> Any:
    return value


def echo(document: str, variables: dict[str, Any] | None = None) -> Any:
    query = QueryType()
    for name in ("json", "uuid"):
        query.set_field(name, same)
    result = graphql_sync(make_executable_schema(SDL, *SCALARS, query), document, variable_values=variables)
    assert not result.errors, result.errors
    assert result.data
    return next(iter(result.data.values()))


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ('{label: "x", nested: {list: [1, 2.5, true, null, LocalExecutor]}}',
         {"label": "x", "nested": {"list": [1, 2.5, True, None, "LocalExecutor"]}}),
        ('"text"', "text"),
        ("{}", {}),
        ("[]", []),
        ("5", 5),
    ],
)  # fmt: skip
def test_json_literals_may_have_unquoted_keys(literal: str, value: Any) -> None:
    assert echo(f"{{ json(value: {literal}) }}") == value


def test_variables_stand_inside_json_literals_and_absent_ones_are_left_out() -> None:
    document = "query ($a: String, $b: String) { json(value: {a: $a, b: $b, c: [$a]}) }"
    assert echo(document, {"a": "x"}) == {"a": "x", "c": ["x"]}


def test_a_json_variable_passes_as_it_is() -> None:
    assert echo("query ($v: JSON) { json(value: $v) }", {"v": {"a": [None, 1]}}) == {"a": [None, 1]}


@pytest.mark.parametrize(("literal", "value"), [('"x"', "x"), ('""', ""), ("5", "5")])
def test_an_id_is_opaque_text(literal: str, value: str) -> None:
    assert echo(f"{{ uuid(value: {literal}) }}") == value


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-08-13T16:51:53Z", datetime(2026, 8, 13, 16, 51, 53, tzinfo=UTC)),
        ("2026-08-13T16:51:53.1Z", datetime(2026, 8, 13, 16, 51, 53, 100_000, tzinfo=UTC)),
        ("2026-08-13T16:51:53.123456789Z", datetime(2026, 8, 13, 16, 51, 53, 123_456, tzinfo=UTC)),
        ("2026-08-13T18:51:53+02:00", datetime(2026, 8, 13, 16, 51, 53, tzinfo=UTC)),
        ("2026-08-13 16:51:53z", datetime(2026, 8, 13, 16, 51, 53, tzinfo=UTC)),
        ("", None),
    ],
)
def test_a_time_is_rfc_3339_with_up_to_nine_digits(text: str, time: datetime | None) -> None:
    assert parse_datetime(text) == time


@pytest.mark.parametrize(
    "text",
    ["now", "2026-08-13", "2026-13-40T00:00:00Z", "2026-08-13T16:51:53", "0001-01-01T00:00:00+23:00", 5, None, "२०२६"],
)
def test_anything_else_is_no_time(text: Any) -> None:
    with pytest.raises(GraphQLError):
        parse_datetime(text)


def test_a_time_leaves_in_utc() -> None:
    time = datetime(2026, 8, 13, 18, 51, 53, 123_456, tzinfo=UTC) + timedelta(0)
    assert serialize_datetime(time) == "2026-08-13T18:51:53.123Z"


def test_a_number_that_json_cannot_write_is_refused() -> None:
    result = graphql_sync(make_executable_schema(SDL, *SCALARS), "{ json(value: 1e999) }")
    assert result.errors
