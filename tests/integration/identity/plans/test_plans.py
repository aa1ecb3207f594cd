"""No question reads a big table whole, or more of any than a page needs."""

import pytest

from services.cli.folder import DataFolder
from services.cli.seed import seed
from services.identity.seeding import Sizes
from services.identity.sql import QUERIES
from shared.postgres import FOLLOWERS, open_pool
from tests.integration.identity.plans.questions import ASKED, HOUSEKEEPING, known
from tests.integration.identity.service import Identity
from tests.integration.plans.reading import BIG, plans_that_read_whole, sizes_of, wrong_plans

FEW = Sizes(users=2 * BIG, workspaces=BIG + 100, service_accounts=BIG + 100, teams=BIG + 100)
MANY = Sizes(users=100_000, workspaces=5_000, service_accounts=20_000, teams=2_000)
SEEDED = ("users", "role_bindings", "workspaces", "service_accounts", "teams", "team_members", "team_bindings")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("sizes", [pytest.param(FEW, id="few"), pytest.param(MANY, id="many", marks=pytest.mark.full)])
async def test_no_question_reads_more_than_it_needs(identity: Identity, reached: DataFolder, sizes: Sizes) -> None:
    await seed(reached, sizes, force=False, say=print)
    pool = await open_pool(identity.database.admin_dsn, service="test", shape=FOLLOWERS)
    async with pool, pool.acquire() as connection:
        counted, what = await sizes_of(connection), await known(connection)
        assert all(counted[table] > BIG for table in SEEDED)
        assert await wrong_plans(connection, QUERIES, {name: asked(what) for name, asked in ASKED.items()}) == {}


async def test_no_question_has_to_read_a_whole_table(identity: Identity) -> None:
    """Hold it also for tables that seeding leaves empty: there is an index, if Postgres has to take one."""
    asked = {name: text for name, text in QUERIES.items() if name not in HOUSEKEEPING}
    pool = await open_pool(identity.database.admin_dsn, service="test", shape=FOLLOWERS)
    async with pool, pool.acquire() as connection:
        assert await plans_that_read_whole(connection, asked) == {}
