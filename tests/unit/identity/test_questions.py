"""Every named query is asked by the test that reads plans."""

from services.identity.sql import QUERIES
from tests.integration.identity.plans.questions import ASKED, HOUSEKEEPING


def test_every_query_has_arguments_in_the_table_of_questions() -> None:
    assert ASKED.keys() | HOUSEKEEPING == QUERIES.keys(), "add a line to tests/integration/identity/plans/questions.py"
