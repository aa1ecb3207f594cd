"""How long, deep and costly a document may be, told before it is validated."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    is_composite_type,
)

MOST_TOKENS: Final = 4_000
MOST_COMMENTS: Final = 1_000
MOST_DEPTH: Final = 20
"""Levels of fields; the introspection document of GraphiQL has 15."""

MOST_NESTING: Final = 80
"""Levels of fields, inline fragments and spreads."""

MOST_COST: Final = 20_000
MOST_FRAGMENTS: Final = 50
MOST_SAME_NAMES: Final = 200
MOST_SAME_FIELDS: Final = 50
"""Fields with one response name in the document, and at one place of it: validation compares them pair by pair."""

LIST_WEIGHT: Final = 10
"""What a list counts for below it: the rows that a usual one has."""

COMMAND_COST: Final = 100
SIGN_IN_COST: Final = 1_000
"""Of what anybody may send, and what is answered at an even time: a document of many would stay for long."""

AUDIT_COST: Final = 1_000
"""A page of up to 500 records of each service, read and merged whatever is selected of it."""

INTROSPECTION_COST: Final = 6_000
_COSTLY: Final = {
    "createToken": SIGN_IN_COST,
    "createUser": SIGN_IN_COST,
    "confirmEmail": SIGN_IN_COST,
    "resetPassword": SIGN_IN_COST,
    "forgotPassword": SIGN_IN_COST,
    "resendConfirmation": SIGN_IN_COST,
    "auditLog": AUDIT_COST,
    "__schema": INTROSPECTION_COST,
}


@dataclass(slots=True)
class Shape:
    """What a selection costs and how many levels of fields it has."""

    cost: int = 0
    depth: int = 0


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a selection stands: its type, its path, how deep, and what each field costs there at least."""

    parent: GraphQLNamedType | None
    path: int
    level: int
    each: int = 1


@dataclass(slots=True)
class _Walk:
    schema: GraphQLSchema
    fragments: dict[str, FragmentDefinitionNode]
    known: dict[str, Shape] = field(default_factory=dict[str, Shape])
    names: Counter[str] = field(default_factory=Counter[str])
    places: Counter[int] = field(default_factory=Counter[int])

    def operation(self, operation: OperationDefinitionNode) -> Shape:
        root = self.schema.get_root_type(operation.operation)
        each = COMMAND_COST if operation.operation is OperationType.MUTATION else 1
        return self._all(operation.selection_set.selections, _Place(root, id(operation), 0, each))

    def _all(self, selections: tuple[SelectionNode, ...], place: _Place) -> Shape:
        if place.level >= MOST_NESTING:
            raise GraphQLError(f"The document is nested more than {MOST_NESTING} levels deep")
        total = Shape()
        for selection in selections:
            shape = self._one(selection, place)
            total.cost += shape.cost
            total.depth = max(total.depth, shape.depth)
        return total

    def _one(self, selection: SelectionNode, place: _Place) -> Shape:
        match selection:
            case FieldNode():
                return self._field(selection, place)
            case InlineFragmentNode(type_condition=condition):
                inner = place.parent if condition is None else self.schema.get_type(condition.name.value)
                return self._all(
                    selection.selection_set.selections, replace(place, parent=inner, level=place.level + 1)
                )
            case FragmentSpreadNode(name=name):
                return self._spread(name.value, place)
            case _:
                return Shape()

    def _field(self, node: FieldNode, place: _Place) -> Shape:
        name = node.name.value
        response_name = node.alias.value if node.alias else name
        own_place = hash((place.path, response_name))
        self._count(response_name, own_place)
        own = max(place.each, _COSTLY.get(name, 1))
        if node.selection_set is None:
            return Shape(own, 1)
        kind, rows = self._type(place.parent, name)
        below = self._all(node.selection_set.selections, _Place(kind, own_place, place.level + 1))
        return Shape(own + rows * below.cost, below.depth + 1)

    def _count(self, response_name: str, place: int) -> None:
        self.names[response_name] += 1
        self.places[place] += 1
        if self.names[response_name] > MOST_SAME_NAMES or self.places[place] > MOST_SAME_FIELDS:
            raise GraphQLError("The document repeats a response name too often")

    def _type(self, parent: GraphQLNamedType | None, name: str) -> tuple[GraphQLNamedType | None, int]:
        found: Any = self.schema.get_field(parent, name) if parent is not None and is_composite_type(parent) else None
        if found is None:
            return None, 1
        written = str(found.type)  # as in the schema: "[User!]!"
        kind = self.schema.get_type(written.strip("[]!"))
        many = "[" in written and kind is not None and not kind.name.startswith("__")
        return kind, LIST_WEIGHT if many else 1

    def _spread(self, name: str, place: _Place) -> Shape:
        definition = self.fragments.get(name)
        if definition is None:
            return Shape()  # validation names it
        if name not in self.known:
            self.known[name] = Shape()  # a cycle ends here; validation names it
            inner = self.schema.get_type(definition.type_condition.name.value)
            within = _Place(inner, hash(name), place.level + 1, place.each)
            self.known[name] = self._all(definition.selection_set.selections, within)
        return self.known[name]


def check_shape(schema: GraphQLSchema, document: DocumentNode) -> int:
    """Return what the costliest operation of `document` costs; raise GraphQLError if one is too deep or too costly.

    The cost of a field is 1 (a command 100, a sign-in or a page of the audit 1000, the whole schema 6000), and ten
    times what is below it when it is a list.
    """
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    if len(fragments) > MOST_FRAGMENTS:
        raise GraphQLError(f"The document has {len(fragments)} fragments, at most {MOST_FRAGMENTS} are allowed")
    walk = _Walk(schema, fragments)
    most = 0
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            shape = walk.operation(node)
            if shape.depth > MOST_DEPTH:
                raise GraphQLError(f"The document is {shape.depth} levels deep, at most {MOST_DEPTH} are allowed", node)
            if shape.cost > MOST_COST:
                raise GraphQLError(f"The document costs {shape.cost}, at most {MOST_COST} is allowed", node)
            most = max(most, shape.cost)
    return most
