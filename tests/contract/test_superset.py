"""Whatever clients of any era may ask of deployments, our schema has it, with the same arguments and types."""

from collections.abc import Iterator
from pathlib import Path

from graphql import (
    DefinitionNode,
    EnumTypeDefinitionNode,
    InputObjectTypeDefinitionNode,
    ObjectTypeDefinitionNode,
    parse,
    print_ast,
    print_schema,
)

from services.gateway.schema import build_schema

SUPERSET = Path(__file__).with_name("superset.graphql")


def test_the_schema_has_all_that_the_superset_has_of_deployments() -> None:
    ours = members(print_schema(build_schema()))
    differences = {
        place: f"found {ours.get(place)}, expected {type_}"
        for place, type_ in members(SUPERSET.read_text(encoding="utf-8")).items()
        if ours.get(place) != type_
    }
    assert differences == {}


def members(sdl: str) -> dict[str, str]:
    """Return the type of every field, argument and value of a schema by its place."""
    return {place: type_ for definition in parse(sdl).definitions for place, type_ in _members(definition)}


def _members(definition: DefinitionNode) -> Iterator[tuple[str, str]]:
    match definition:
        case EnumTypeDefinitionNode():
            for value in definition.values or ():
                yield f"{definition.name.value}.{value.name.value}", "value"
        case InputObjectTypeDefinitionNode():
            for entry in definition.fields or ():
                yield f"{definition.name.value}.{entry.name.value}", print_ast(entry.type)
        case ObjectTypeDefinitionNode():
            for field in definition.fields or ():
                place = f"{definition.name.value}.{field.name.value}"
                yield place, print_ast(field.type)
                for argument in field.arguments or ():
                    yield f"{place}({argument.name.value})", print_ast(argument.type)
        case _:
            pass
