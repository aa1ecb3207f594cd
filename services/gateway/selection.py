"""What a document asks for below a field, known before the field is resolved."""

from collections.abc import Mapping

from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, InlineFragmentNode, SelectionSetNode

from services.gateway.context import Info


def selects(info: Info, name: str) -> bool:
    """Say whether the document names the field `name` right below the one that is resolved, be it under a condition."""
    return any(_selects(node.selection_set, name, info.fragments) for node in info.field_nodes)


def _selects(selections: SelectionSetNode | None, name: str, fragments: Mapping[str, FragmentDefinitionNode]) -> bool:
    for each in selections.selections if selections else ():
        match each:
            case FieldNode(name=found) if found.value == name:
                return True
            case InlineFragmentNode(selection_set=inner) if _selects(inner, name, fragments):
                return True
            case FragmentSpreadNode(name=spread) if _selects(fragments[spread.value].selection_set, name, fragments):
                return True
            case _:
                pass
    return False
