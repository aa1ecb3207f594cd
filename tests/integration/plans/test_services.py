"""No question of invites and deployments reads a big table whole, or more of any than a page needs."""

import pytest

from shared.postgres import FOLLOWERS, open_pool
from tests.conftest import NewDatabase
from tests.integration.plans.reading import plans_that_read_whole, wrong_plans
from tests.integration.plans.tables import SERVICES


@pytest.mark.parametrize("service", SERVICES)
def test_every_named_query_has_arguments_in_the_table(service: str) -> None:
    questions = SERVICES[service]
    assert questions.asked.keys() | questions.looking_over == questions.queries.keys()


@pytest.mark.parametrize("service", SERVICES)
async def test_no_question_reads_more_than_it_needs(database: NewDatabase, service: str) -> None:
    questions, made = SERVICES[service], await database(service)
    async with (
        await open_pool(made.admin_dsn, service="test", shape=FOLLOWERS) as pool,
        pool.acquire() as connection,
    ):
        await connection.execute(questions.fill)
        assert await wrong_plans(connection, questions.queries, questions.asked) == {}
        seen = {name: text for name, text in questions.queries.items() if name not in questions.looking_over}
        assert await plans_that_read_whole(connection, seen) == {}
