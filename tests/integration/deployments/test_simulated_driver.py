"""The contract of drivers on the simulated one, and the simulation on real Postgres and NATS."""

import asyncio
import shutil
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import asyncpg
import pytest
from nats.js.errors import NotFoundError

from services.deployments.contract import LOGS_STREAM, Component, DeploymentId, Executor, State
from services.deployments.drivers.protocol import Driver, Specification, StaleGeneration
from services.deployments.drivers.simulated import SimulatedDriver
from services.deployments.drivers.simulation import Simulation
from services.deployments.logs.stream import LogStream
from shared.bus.client import Bus
from tests.conftest import NewDatabase
from tests.integration.deployments.service import connection_to, log_reader, settings_of, until
from tests.servers import Database, NatsForTests

ID = DeploymentId("cdeployment00000000000001")
MEBIBYTE = 1024 * 1024
NewReplica = Callable[[], Awaitable["Replica"]]


@dataclass(frozen=True)
class Replica:
    """One process's driver and simulation."""

    driver: Driver
    task: asyncio.Task[None]

    async def end(self) -> None:
        """End the simulation with its session, as the end of its process would."""
        self.task.cancel()
        await asyncio.wait({self.task})


@pytest.fixture
async def servers(database: NewDatabase, nats_server: NatsForTests) -> tuple[Database, NatsForTests]:
    return await database("deployments"), nats_server


@pytest.fixture
async def replica(servers: tuple[Database, NatsForTests]) -> AsyncGenerator[NewReplica]:
    """A maker of replicas."""
    async with AsyncExitStack() as stack:

        async def make() -> Replica:
            return await stack.enter_async_context(_replica(*servers))

        yield make


@asynccontextmanager
async def _replica(database: Database, nats: NatsForTests) -> AsyncGenerator[Replica]:
    bus = await Bus.connect(settings_of(database, nats), name="deployments")
    pool = await asyncpg.create_pool(database.app_dsn, min_size=1, max_size=2)
    stream = LogStream(bus, timedelta(hours=1), 16 * MEBIBYTE)
    simulation = Simulation(database.app_dsn, stream)
    await stream.ensure()
    made = Replica(SimulatedDriver(pool, simulation), asyncio.create_task(simulation.run()))
    try:
        yield made
    finally:
        await made.end()
        await pool.close()
        await bus.close()


def specification(executor: Executor = Executor.CELERY, id_: DeploymentId = ID) -> Specification:
    return Specification(
        deployment_id=id_, release_name="a-b-1", executor=executor, airflow_version="3.3.2", config={}, env={}
    )


async def reaches(driver: Driver, state: State, *, generation: int, id_: DeploymentId = ID) -> None:
    async def there() -> bool:
        observed = await driver.observe(id_)
        return (observed.generation, observed.state) == (generation, state)

    await until(there)


async def test_what_was_never_applied_is_unknown(replica: NewReplica) -> None:
    driver = (await replica()).driver
    assert (await driver.observe(ID)).state is State.UNKNOWN


async def test_it_comes_up_and_goes_down_however_often_it_is_told(replica: NewReplica) -> None:
    driver = (await replica()).driver
    for _ in range(2):
        await driver.apply(specification(), generation=1)
    await reaches(driver, State.HEALTHY, generation=1)
    await driver.apply(specification(), generation=1)
    await reaches(driver, State.HEALTHY, generation=1)
    for _ in range(2):
        await driver.delete(ID, generation=2)
        await reaches(driver, State.DELETED, generation=2)


async def test_an_old_wish_is_refused(replica: NewReplica) -> None:
    driver = (await replica()).driver
    await driver.delete(ID, generation=2)
    with pytest.raises(StaleGeneration):
        await driver.apply(specification(), generation=1)
    await reaches(driver, State.DELETED, generation=2)


async def test_a_newer_generation_replaces_the_running_one(replica: NewReplica, nats_server: NatsForTests) -> None:
    driver = (await replica()).driver
    await driver.apply(specification(Executor.LOCAL), generation=1)
    await reaches(driver, State.HEALTHY, generation=1)
    await driver.apply(specification(Executor.CELERY), generation=2)
    await reaches(driver, State.HEALTHY, generation=2)
    async with log_reader(nats_server, ID) as reader:
        batches = await reader.until(lambda batch: batch.component == Component.WORKER)
    assert len({batch.incarnation for batch in batches}) == 2


async def test_every_component_writes_a_line_a_second(replica: NewReplica, nats_server: NatsForTests) -> None:
    await (await replica()).driver.apply(specification(), generation=1)
    async with log_reader(nats_server, ID) as reader:
        batches = await reader.until(lambda batch: batch.batch == 3)
    for component in Component:
        mine = [batch for batch in batches if batch.component == component]
        assert [batch.batch for batch in mine] == list(range(1, len(mine) + 1))
        times = [record.timestamp for batch in mine for record in batch.records]
        assert times == sorted(set(times))
        assert times[-1] - times[0] < timedelta(seconds=5)
    ids = [record.id for batch in batches for record in batch.records]
    assert len(set(ids)) == len(ids)


async def test_two_replicas_simulate_it_once(replica: NewReplica, nats_server: NatsForTests) -> None:
    first, second = await replica(), await replica()
    await first.driver.apply(specification(), generation=1)
    await reaches(second.driver, State.HEALTHY, generation=1)
    async with log_reader(nats_server, ID) as reader:
        batches = await reader.until(lambda batch: batch.batch == 3)
    assert len({batch.incarnation for batch in batches}) == 1


async def test_another_replica_goes_on_with_a_new_incarnation(replica: NewReplica, nats_server: NatsForTests) -> None:
    first = await replica()
    await first.driver.apply(specification(), generation=1)
    async with log_reader(nats_server, ID) as reader:
        old = (await reader.next()).incarnation
        await replica()
        await first.end()
        batches = await reader.until(lambda batch: batch.incarnation != old and batch.batch == 2)
    new = [batch for batch in batches if batch.incarnation != old]
    assert len({batch.incarnation for batch in new}) == 1


async def test_what_a_dead_replica_left_is_taken_down_by_another(replica: NewReplica) -> None:
    first = await replica()
    await first.driver.apply(specification(), generation=1)
    await reaches(first.driver, State.HEALTHY, generation=1)
    await first.end()
    await first.driver.delete(ID, generation=2)
    second = await replica()
    await reaches(second.driver, State.DELETED, generation=2)


async def test_it_goes_on_after_its_session_was_ended(
    replica: NewReplica, servers: tuple[Database, NatsForTests]
) -> None:
    database, nats = servers
    await (await replica()).driver.apply(specification(), generation=1)
    async with log_reader(nats, ID) as reader, connection_to(database) as connection:
        old = (await reader.next()).incarnation
        await connection.execute(
            "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and pid <> pg_backend_pid()"
        )
        await reader.until(lambda batch: batch.incarnation != old)


async def test_lines_go_on_after_nats_lost_its_data(replica: NewReplica, nats_server: NatsForTests) -> None:
    driver = (await replica()).driver
    await driver.apply(specification(), generation=1)
    async with log_reader(nats_server, ID) as reader:
        await reader.next()
    nats_server.kill()
    shutil.rmtree(nats_server.server.store)
    nats_server.restart()
    await until(lambda: stream_is_there(nats_server))
    async with log_reader(nats_server, ID) as reader:
        await reader.next()


async def stream_is_there(nats: NatsForTests) -> bool:
    try:
        async with log_reader(nats, ID):
            return True
    except NotFoundError:
        return False


async def test_the_stream_gets_the_limits_of_the_settings(servers: tuple[Database, NatsForTests]) -> None:
    bus = await Bus.connect(settings_of(*servers), name="deployments")
    try:
        with pytest.raises(NotFoundError):
            await bus.jetstream().stream_info(LOGS_STREAM)
        for hours, mebibytes in ((1, 16), (1, 16), (2, 8)):
            await LogStream(bus, timedelta(hours=hours), mebibytes * MEBIBYTE).ensure()
            config = (await bus.jetstream().stream_info(LOGS_STREAM)).config
            assert (config.max_age, config.max_bytes) == (hours * 3600, mebibytes * MEBIBYTE)
    finally:
        await bus.close()
