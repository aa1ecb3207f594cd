"""The permission table is complete."""

from services.gateway.schema import build_schema
from tests.integration.gateway.matrix.document import PAGE, page
from tests.integration.gateway.matrix.rows import Operation
from tests.integration.gateway.matrix.table import PENDING, TABLE


def test_every_operation_of_the_schema_is_in_the_table() -> None:
    tabled = {(row.kind, row.operation) for row in TABLE}
    assert not tabled - operations()
    assert not {name for _, name in operations() - tabled} - PENDING


def test_every_row_has_a_name_of_its_own() -> None:
    names = [(row.kind, row.name) for row in TABLE]
    assert len(names) == len(set(names))


def test_the_page_for_people_is_made_from_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make permissions`"


def operations() -> set[tuple[Operation, str]]:
    """Return every operation of the schema."""
    schema = build_schema()
    kinds = {
        Operation.QUERY: schema.query_type,
        Operation.MUTATION: schema.mutation_type,
        Operation.SUBSCRIPTION: schema.subscription_type,
    }
    return {(kind, name) for kind, root in kinds.items() if root for name in root.fields}
