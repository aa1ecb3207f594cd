"""How soon a change of many deployments at once is told: from what their keeper notes to events and read model.

BENCH_DEPLOYMENTS sets how many. The embedded Postgres writes with fsync on.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import asyncpg
import uvloop

from services.deployments.contract import CreateDeployment, DeploymentRow, DriverName
from tests.integration.deployments.service import WORKSPACE, Gateway, gateway_of, member, running, settings_of
from tests.servers import Database, start_nats, start_postgres

MANY = int(os.environ.get("BENCH_DEPLOYMENTS", "500"))
WRITERS = 16
LOOK_S = 0.02
SEEN = """
update assignments
set seen_generation = generation, seen = $1, trouble = '{"complaints": ["ill"]}', news = nextval('assignment_news')
"""


async def create(gateway: Gateway) -> None:
    """Create the deployments; nobody keeps them."""
    numbers = iter(range(MANY))

    async def some() -> None:
        for number in numbers:
            command = CreateDeployment(workspace_id=WORKSPACE, label=f"number {number}")
            row: DeploymentRow = await gateway.ask(command, member())
            assert row.label

    await asyncio.gather(*(some() for _ in range(WRITERS)))


async def until(connection: asyncpg.Connection, question: str, *parameters: object) -> None:
    """Return when a count is that of all deployments."""
    while await connection.fetchval(question, *parameters) < MANY:
        await asyncio.sleep(LOOK_S)


async def measure(database: Database, gateway: Gateway, changes: Sequence[tuple[str, str]]) -> None:
    """Print how long each change of all deployments takes to be told."""
    connection = await asyncpg.connect(database.admin_dsn)
    try:
        await create(gateway)
        await until(connection, "select count(*) from assignments")
        for seen, state in changes:
            start = time.perf_counter()
            await connection.execute(SEEN, seen)
            await until(connection, "select count(*) from read.deployments where state = $1", state)
            seconds = time.perf_counter() - start
            print(f"{MANY} deployments became {state:10} {seconds:6.2f} s {MANY / seconds:8.0f} reports/s")
    finally:
        await connection.close()


async def main() -> None:
    """Run everything on servers of its own."""
    with tempfile.TemporaryDirectory() as folder:
        postgres, nats = start_postgres(Path(folder) / "postgres"), start_nats(Path(folder) / "nats")
        try:
            database = await postgres.new_database("deployments")
            settings = settings_of(database, nats).model_copy(update={"driver": DriverName.LOCAL})
            async with running(settings), gateway_of(nats) as gateway:
                changes = [("HEALTHY", "HEALTHY"), ("UNHEALTHY", "UNHEALTHY")] * 2
                await measure(database, gateway, changes)
        finally:
            nats.child.stop()
            postgres.child.stop()


if __name__ == "__main__":
    uvloop.run(main())
