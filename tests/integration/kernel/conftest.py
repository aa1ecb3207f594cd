"""Processes of the service of flights, and their servers."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import asyncpg
import pytest

from shared.servers.process import free_port
from tests.integration.bus import until
from tests.integration.kernel.process import GATE
from tests.servers import Database, NatsForTests, PostgresForTests

ROOT = Path(__file__).parents[3]


@dataclass
class FlightProcess:
    """One process of the service."""

    child: asyncio.subprocess.Process
    health: str
    output: Path

    def lines(self) -> str:
        return self.output.read_text()

    async def status(self, path: str) -> tuple[int, str]:
        """Return what the health door answers; 0 while nobody answers."""
        try:
            async with aiohttp.ClientSession() as client, client.get(f"{self.health}{path}") as response:
                return response.status, await response.text()
        except aiohttp.ClientConnectionError:
            return 0, ""

    async def is_ready(self) -> bool:
        assert self.child.returncode is None, self.lines()
        return (await self.status("/readyz"))[0] == 200

    async def end(self, number: signal.Signals) -> int:
        """Send a signal and return the exit code."""
        if self.child.returncode is None:
            self.child.send_signal(number)
        return await asyncio.wait_for(self.child.wait(), 15)


@dataclass
class Airport:
    """The servers of one test, and the processes that it starts on them."""

    nats: NatsForTests
    postgres: PostgresForTests
    database: Database
    folder: Path
    processes: list[FlightProcess] = field(default_factory=list[FlightProcess])

    async def start(self, *, ready: bool = True) -> FlightProcess:
        port, output = free_port(), self.folder / f"process-{len(self.processes)}.log"
        login = self.nats.login("identity")
        environment = {
            **os.environ,
            "AERODROME_DATABASE_URL": self.database.app_dsn,
            "AERODROME_NATS_URL": login.url,
            "AERODROME_NATS_USER": login.user,
            "AERODROME_NATS_PASSWORD": login.password,
            "AERODROME_HEALTH_PORT": str(port),
        }
        with output.open("wb") as file:
            child = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tests.integration.kernel.process",
                cwd=ROOT,
                env=environment,
                stdout=file,
                stderr=asyncio.subprocess.STDOUT,
            )
        process = FlightProcess(child, f"http://127.0.0.1:{port}", output)
        self.processes.append(process)
        if ready:
            await until(process.is_ready, timeout_s=20)
        return process

    async def close_gate(self) -> asyncpg.Connection:
        """Hold up the opening of flights until the connection is closed."""
        connection = await asyncpg.connect(self.database.admin_dsn)
        await connection.execute("select pg_advisory_lock($1)", GATE)
        return connection

    async def waiting_at(self, gate: asyncpg.Connection) -> int:
        """Return how many openings wait at the gate."""
        found: int = await gate.fetchval(
            "select count(*) from pg_locks where locktype = 'advisory' and objid = $1 and not granted", GATE
        )
        return found


@pytest.fixture
async def airport(
    nats_server: NatsForTests, private_postgres: PostgresForTests, private_folder: Path
) -> AsyncIterator[Airport]:
    """Servers of one test's own, to be hurt."""
    database = await private_postgres.new_database("kernel")
    airport = Airport(nats_server, private_postgres, database, private_folder)
    yield airport
    for process in airport.processes:
        await process.end(signal.SIGKILL)
