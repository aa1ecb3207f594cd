"""Components that write numbered lines of a deployment, through the product's own feed as the runner writes them."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pydantic import SecretStr

from services.cli.folder import DataFolder
from services.deployments.contract import LOGS_STREAM, Component, DeploymentId
from services.deployments.logs.lines import LineWriter
from services.deployments.logs.quota import Quota, Rate
from services.deployments.logs.stream import LogFeed
from shared.bus.client import Bus
from shared.runtime.background import end_tasks
from shared.settings import BusSettings
from tests.acceptance.client import Houston
from tests.acceptance.stack import Stack

COMPONENTS = (Component.SCHEDULER, Component.TRIGGERER, Component.WORKER)
PAUSE_S = 0.02
CREATE = """mutation ($workspace: Uuid!) {
  createDeployment(workspaceUuid: $workspace, type: "airflow", label: "logs") { id }
}"""
STATE = "query ($d: String) { deployment(where: {id: $d}) { state } }"
HIBERNATE = "mutation ($d: Uuid!) { hibernateDeployment(deploymentUuid: $d) { id } }"


async def silent_deployment(admin: Houston) -> str:
    """Return the id of a new simulated deployment that sleeps, so that nobody but a talker writes its lines."""
    workspace = (await admin.run('mutation { createWorkspace(label: "logs") { id } }'))["createWorkspace"]["id"]
    made: str = (await admin.run(CREATE, {"workspace": workspace}))["createDeployment"]["id"]
    await _becomes(admin, made, "HEALTHY")
    await admin.run(HIBERNATE, {"d": made})
    await _becomes(admin, made, "HIBERNATED")
    return made


async def _becomes(admin: Houston, deployment: str, state: str) -> None:
    async with asyncio.timeout(30):
        while (await admin.run(STATE, {"d": deployment}))["deployment"]["state"] != state:
            await asyncio.sleep(0.05)


@dataclass
class Talker:
    """Writes `line 1`, `line 2`, … of each component by turns; `written` holds the last number of each."""

    writers: Mapping[Component, LineWriter]
    written: dict[str, int] = field(default_factory=dict[str, int])

    def __post_init__(self) -> None:
        quota = Quota(Rate())
        self._pipes = {component: writer.pipe(quota) for component, writer in self.writers.items()}
        self.written = {str(component): 0 for component in self.writers}

    def say(self, lines: int = 1) -> None:
        """Write so many lines of each component."""
        for _ in range(lines):
            for component, take in self._pipes.items():
                self.written[component] += 1
                take(_line(f"line {self.written[component]}"))

    @asynccontextmanager
    async def going_on(self) -> AsyncGenerator[None]:
        """Write a line of each component every 20 ms while the block runs."""

        async def talk() -> None:
            while True:
                self.say()
                await asyncio.sleep(PAUSE_S)

        task = asyncio.create_task(talk())
        try:
            yield
        finally:
            await end_tasks([task])

    def now(self) -> tuple[datetime, Mapping[str, int]]:
        """Return this moment, and the numbers of the first lines after it."""
        return datetime.now(UTC), {component: last + 1 for component, last in self.written.items()}

    def expected(self, first: Mapping[str, int]) -> Mapping[str, range]:
        """Return the numbers from these on that were written so far."""
        return {component: range(first[component], last + 1) for component, last in self.written.items()}


def _line(text: str) -> bytes:
    """Return a line as the newest Airflow writes it, with its own time, so that it is known what came after what."""
    told = {"timestamp": datetime.now(UTC).isoformat(), "level": "info", "event": text}
    return json.dumps(told).encode() + b"\n"


@asynccontextmanager
async def talking(stack: Stack, deployment: str) -> AsyncGenerator[Talker]:
    """Give a talker whose lines go out while the block runs."""
    folder = DataFolder(stack.data)
    password = SecretStr(folder.secrets().nats["runner"])
    settings = BusSettings(nats_url=folder.state().nats_url, nats_user="runner", nats_password=password)
    bus = await Bus.connect(settings, name="talker", streams=[LOGS_STREAM])
    feed = LogFeed(bus)
    writers = {each: LineWriter(feed, DeploymentId(deployment), each) for each in COMPONENTS}
    running = [asyncio.create_task(writer.run()) for writer in writers.values()]
    try:
        yield Talker(writers)
    finally:
        await end_tasks(running)
        await bus.close()
