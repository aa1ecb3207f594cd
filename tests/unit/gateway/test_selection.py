"""What a document asks for below a field."""

from typing import Any

import pytest
from graphql import (
    GraphQLField,
    GraphQLList,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLString,
    graphql_sync,  # pyright: ignore[reportUnknownVariableType]  # the library leaves its executor open
)

from services.gateway.selection import selects

PERSON = GraphQLObjectType("Person", lambda: {"id": GraphQLField(GraphQLString), "roles": GraphQLField(GraphQLString)})


def told(document: str) -> list[bool]:
    """Return what is said of `roles` below each field `people` of a document."""
    said: list[bool] = []

    def resolve(_: object, info: GraphQLResolveInfo[Any]) -> list[object]:
        said.append(selects(info, "roles"))
        return []

    fields = {"people": GraphQLField(GraphQLList(PERSON), resolve=resolve)}
    result = graphql_sync(GraphQLSchema(GraphQLObjectType("Query", fields)), document)
    assert result.errors is None
    return said


@pytest.mark.parametrize(
    "selection",
    [
        "{ roles }",
        "{ id other: roles }",
        "{ ... { roles } }",
        "{ id } again: people { id } people { roles }",
        "{ roles @include(if: false) }",
    ],
)
def test_a_field_is_found_wherever_it_may_be_named(selection: str) -> None:
    assert told(f"{{ people {selection} }}")[0]


def test_a_field_is_found_in_a_fragment_of_a_fragment() -> None:
    fragments = "fragment A on Person { ...B } fragment B on Person { roles }"
    assert told(f"{{ people {{ ... on Person {{ ...A }} }} }} {fragments}") == [True]


@pytest.mark.parametrize("selection", ["{ id }", "{ roles: id }", "{ ... { id } }"])
def test_what_is_not_named_is_not_found(selection: str) -> None:
    assert told(f"{{ people {selection} }}") == [False]


def test_each_field_is_told_of_by_its_own_selection() -> None:
    assert told("{ a: people { id } b: people { roles } }") == [False, True]
