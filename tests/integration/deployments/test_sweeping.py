"""What no wish wants goes, but not the only copy of what a restored database has forgotten."""

import logging

import pytest

from services.deployments.contract import DeploymentId, Observation
from services.deployments.keeping.assignments import Goal
from tests.conftest import NewDatabase
from tests.integration.deployments.keepers import ID, Replica, replica_on
from tests.integration.deployments.service import connection_to, until
from tests.servers import Database

OTHER = DeploymentId("cdeployment00000000000002")


@pytest.fixture
async def ours(database: NewDatabase) -> Database:
    return await database("deployments")


async def unknown(database: Database) -> set[str]:
    """Return what is written down as unknown."""
    async with connection_to(database) as connection:
        return {row["deployment_id"] for row in await connection.fetch("select deployment_id from unknown_deployments")}


async def swept(replica: Replica, database: Database, expected: set[DeploymentId]) -> None:
    """Return when a new keeper knows what is unknown and goes on to wishes."""

    async def done() -> bool:
        return await unknown(database) == expected and bool(replica.keeper.kept())

    await until(done)


async def passed(database: Database, days: int, *, looked_at: bool) -> None:
    """Have days pass, in which a keeper looked or none did."""
    async with connection_to(database) as connection:
        await connection.execute(
            "update unknown_deployments set first_seen_at = first_seen_at - make_interval(days => $1),"
            " last_seen_at = last_seen_at - make_interval(days => $2)",
            days,
            0 if looked_at else days,
        )


async def test_what_a_deletion_has_left_goes_at_once(ours: Database) -> None:
    async with replica_on(ours) as replica:
        await replica.want(Goal.GONE, generation=1)
        await replica.sees(Observation.REMOVED, generation=1)
        await replica.want(Goal.RUN, generation=1, id_=OTHER)
    async with replica_on(ours, data={ID, OTHER}, up={ID}) as next_one:
        await swept(next_one, ours, set())
        assert next_one.driver.data == {OTHER}


async def test_what_a_restored_database_has_forgotten_is_stopped_and_its_data_are_kept_for_a_while(
    ours: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async with replica_on(ours, data={OTHER}, up={OTHER}) as first:
        await first.want(Goal.RUN, generation=1)
        with caplog.at_level(logging.WARNING):
            await swept(first, ours, {OTHER})
        assert (OTHER in first.driver.up, OTHER in first.driver.data) == (False, True)
        assert OTHER in {getattr(record, "deployment", "") for record in caplog.records}
    await passed(ours, 13, looked_at=True)
    async with replica_on(ours, data={ID, OTHER}) as second:
        await swept(second, ours, {OTHER})
        assert OTHER in second.driver.data
    await passed(ours, 1, looked_at=True)
    async with replica_on(ours, data={ID, OTHER}) as third:
        await until(lambda: _has_only(third, ID))


async def test_what_is_known_again_is_forgotten_as_unknown(ours: Database) -> None:
    async with replica_on(ours, data={OTHER}) as first:
        await first.want(Goal.RUN, generation=1)
        await swept(first, ours, {OTHER})
        await first.want(Goal.RUN, generation=1, id_=OTHER)
    await passed(ours, 30, looked_at=True)
    async with replica_on(ours, data={ID, OTHER}) as second:
        await swept(second, ours, set())
        assert second.driver.data == {ID, OTHER}


async def test_days_in_which_nobody_looked_do_not_count(ours: Database) -> None:
    async with replica_on(ours, data={OTHER}) as first:
        await first.want(Goal.RUN, generation=1)
        await swept(first, ours, {OTHER})
    await passed(ours, 30, looked_at=False)  # as after another restore, of a dump that was taken while it was unknown
    async with replica_on(ours, data={ID, OTHER}) as second:
        await swept(second, ours, {OTHER})
        assert OTHER in second.driver.data


async def _has_only(replica: Replica, id_: DeploymentId) -> bool:
    return replica.driver.data == {id_}
