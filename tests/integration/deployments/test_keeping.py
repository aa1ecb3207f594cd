"""What is wished is kept by one process at a time, what is seen is news, and what fails says so."""

from contextlib import AsyncExitStack

import pytest

from services.deployments.contract import DeploymentId, Observation
from services.deployments.keeping.assignments import Goal, Sight, StaleGeneration
from tests.conftest import NewDatabase
from tests.integration.deployments.keepers import ID, Trial, replica_on
from tests.integration.deployments.service import connection_to, until
from tests.servers import Database

OTHER = DeploymentId("cdeployment00000000000002")


@pytest.fixture
async def ours(database: NewDatabase) -> Database:
    return await database("deployments")


async def test_it_runs_sleeps_wakes_and_goes_as_it_is_wished(ours: Database) -> None:
    async with replica_on(ours) as replica:
        await replica.want(Goal.RUN, generation=1)
        news = await replica.sees(Observation.HEALTHY, generation=1)
        assert (replica.driver.up, news.sight.endpoint) == ({ID}, "")
        await replica.want(Goal.SLEEP, generation=2)
        await replica.sees(Observation.HIBERNATED, generation=2)
        assert (replica.driver.up, replica.driver.data) == (set(), {ID})
        await replica.want(Goal.RUN, generation=3)
        await replica.sees(Observation.HEALTHY, generation=3)
        await replica.want(Goal.GONE, generation=4)
        await replica.sees(Observation.REMOVED, generation=4)
        assert (replica.driver.up, replica.driver.data) == (set(), set())


async def test_an_old_wish_is_refused_and_the_same_one_is_not(ours: Database) -> None:
    async with replica_on(ours) as replica:
        for _ in range(2):
            await replica.want(Goal.GONE, generation=2)
        with pytest.raises(StaleGeneration):
            await replica.want(Goal.RUN, generation=1)
        with pytest.raises(StaleGeneration):
            await replica.want(Goal.RUN, generation=2)
        assert (await replica.assignment()).goal is Goal.GONE


async def test_a_step_that_fails_is_tried_three_times_then_told(ours: Database) -> None:
    async with replica_on(ours) as replica:
        replica.driver.broken = True
        await replica.want(Goal.RUN, generation=1)
        sight = (await replica.sees(Observation.FAILED, generation=1)).sight
        assert (sight.step, sight.reason, list(sight.lines)) == ("install", "ended with 1", ["no network"])
        assert replica.driver.applied == [ID] * 3
        replica.driver.broken = False
        await replica.want(Goal.RUN, generation=2)
        await replica.sees(Observation.HEALTHY, generation=2)


async def test_dag_files_wait_for_the_start_that_runs_and_all_else_does_not(ours: Database) -> None:
    async with replica_on(ours) as replica:
        driver = replica.driver
        driver.wishes = {1: ("", ""), 2: ("sent", ""), 3: ("sent", "newer")}
        driver.gate.clear()
        await replica.want(Goal.RUN, generation=1)
        await until(lambda: _begun(driver, 1))
        await replica.want(Goal.RUN, generation=2)
        await replica.want(Goal.RUN, generation=1, id_=OTHER)
        await until(lambda: _begun(driver, 2))  # it has looked, and let the first one go on
        assert driver.applied == [ID, OTHER]
        driver.gate.set()
        await replica.sees(Observation.HEALTHY, generation=2)
        assert sorted(driver.bundles) == ["", "", "sent"]
        driver.gate.clear()
        driver.wishes[4] = ("sent", "newest")
        await replica.want(Goal.RUN, generation=3)
        await until(lambda: _begun(driver, 4))
        await replica.want(Goal.RUN, generation=4)
        await until(lambda: _begun(driver, 5))
        driver.gate.set()
        await replica.sees(Observation.HEALTHY, generation=4)
        assert driver.bundles[3:] == ["sent"]


async def _begun(driver: Trial, count: int) -> bool:
    return len(driver.applied) == count


async def test_what_a_deletion_leaves_is_a_failure(ours: Database) -> None:
    async with replica_on(ours) as replica:
        replica.driver.broken = True
        await replica.want(Goal.GONE, generation=1)
        sight = (await replica.sees(Observation.FAILED, generation=1)).sight
        assert (sight.step, sight.reason) == ("delete", "has left its folder")


async def test_health_is_news_when_it_changes(ours: Database) -> None:
    async with replica_on(ours) as replica:
        await replica.want(Goal.RUN, generation=1)
        await replica.sees(Observation.HEALTHY, generation=1)
        replica.driver.ill = True
        assert list((await replica.sees(Observation.UNHEALTHY, generation=1)).sight.complaints) == ["it is ill"]
        replica.driver.ill = False
        await replica.sees(Observation.HEALTHY, generation=1)


async def test_of_two_processes_one_keeps(ours: Database) -> None:
    async with replica_on(ours) as first, replica_on(ours) as second:
        await first.want(Goal.RUN, generation=1)
        await first.sees(Observation.HEALTHY, generation=1)
        assert (len(first.driver.up), len(second.driver.up)) in {(1, 0), (0, 1)}


async def test_the_next_one_goes_on_and_says_that_it_starts_again(ours: Database) -> None:
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(replica_on(ours))
        await first.want(Goal.RUN, generation=1)
        await first.sees(Observation.HEALTHY, generation=1)
        await first.want(Goal.SLEEP, generation=1, id_=OTHER)
        await first.sees(Observation.HIBERNATED, generation=1, id_=OTHER)
        second = await stack.enter_async_context(replica_on(ours))
        await first.end()
        await until(lambda: _runs(second.driver.up))
        number = (await second.sees(Observation.HEALTHY, generation=1)).number
        assert number > 3  # healthy, hibernated, unhealthy while it started, healthy
        assert first.driver.up == set()


async def _runs(up: set[DeploymentId]) -> bool:
    return up == {ID}


async def test_who_lost_the_lease_stops_everything_and_is_not_heard(ours: Database) -> None:
    async with replica_on(ours) as replica, connection_to(ours) as connection:
        await replica.want(Goal.RUN, generation=1)
        await replica.sees(Observation.HEALTHY, generation=1)
        token = await connection.fetchval("select token from keeper_leases")
        await connection.execute("update keeper_leases set holder = 'other', token = token + 1, until = 'infinity'")
        await until(lambda: _runs_nothing(replica.driver.up))
        assignment, sight = await replica.assignment(), Sight(observation=Observation.FAILED)
        assert not await replica.assignments.note(assignment, sight, driver="trial", token=token)
        assert await replica.assignments.note(assignment, sight, driver="trial", token=token + 1)


async def _runs_nothing(up: set[DeploymentId]) -> bool:
    return up == set()


async def test_one_that_comes_back_need_not_wait_for_its_own_lease(ours: Database) -> None:
    async with connection_to(ours) as connection:
        await connection.execute("insert into keeper_leases values ('trial', 'me', 7, 'infinity')")
        async with replica_on(ours, holder="me") as replica:
            await replica.want(Goal.RUN, generation=1)
            await replica.sees(Observation.HEALTHY, generation=1)
            assert await connection.fetchval("select token from keeper_leases") == 8
