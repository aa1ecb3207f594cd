"""Every operation of the schema, by every kind of caller, on what is theirs and on what is not: as the table says."""

from collections.abc import AsyncGenerator, Iterator, Mapping

import pytest
import pytest_asyncio

from services.deployments.drivers import simulated
from tests.integration.gateway.matrix.calling import Found, call_all
from tests.integration.gateway.matrix.rows import Cell, Operation, Outcome, Row, cells
from tests.integration.gateway.matrix.table import TABLE
from tests.integration.gateway.matrix.world import world_in
from tests.integration.gateway.whole import Aerodrome

# Thousands of calls are made before the first test: seconds on a quiet machine, minutes on a busy one.
pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(400)]
Results = Mapping[Cell, Found]


@pytest.fixture(scope="module")
def calm() -> Iterator[None]:
    """Keep the hundred simulated Airflows from writing 400 lines a second, as no cell waits for a second line."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulated, "MOST_DEPLOYMENTS", 1)
        yield


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def results(calm: None, aerodrome: Aerodrome) -> AsyncGenerator[Results]:  # noqa: ARG001 - it acts by itself
    """What came of every cell: first of those that must not change anything."""
    every = list(cells(TABLE))
    allowed = [cell for cell in every if cell.expected is Outcome.ALLOWED]
    others = [cell for cell in every if cell.expected is not Outcome.ALLOWED]
    async with world_in(aerodrome) as world:
        yield {**await call_all(world, others), **await call_all(world, allowed)}


@pytest.mark.parametrize("row", TABLE, ids=[row.name for row in TABLE])
async def test_the_product_does_what_the_table_says(results: Results, row: Row) -> None:
    wrong = [
        f"{cell}: {found}, expected {cell.expected}"
        for cell, found in results.items()
        if cell.row == row and found != expected(cell)
    ]
    assert not wrong, "\n".join(wrong)


def expected(cell: Cell) -> Found:
    """Return what a cell has to come to; who is not allowed changes nothing, and a question never does."""
    silent = cell.row.silent or cell.caller.standing in cell.row.idle
    changes = cell.row.kind is Operation.MUTATION and not silent
    return Found(cell.expected, wrote=changes and cell.expected is Outcome.ALLOWED)
