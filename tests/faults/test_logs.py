"""A viewer of log lines sees them go on when NATS was killed, and when JetStream's data are gone."""

import asyncio
import shutil
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.acceptance.client import Houston
from tests.acceptance.stack import Stack
from tests.faults.processes import kill, process_of, start, stop, until_back, until_replaced

AGAIN_S = 5.0
PAST = "2020-01-01T00:00:00Z"
CREATE = """mutation ($workspace: Uuid!) {
  createDeployment(workspaceUuid: $workspace, type: "airflow", label: "logs") { id }
}"""
STREAM = """subscription ($deployment: String, $since: DateTime) {
  deploymentLogStream(deploymentUuid: $deployment, interval: 100, timestamp: $since) { id timestamp component message }
}"""


@dataclass
class Viewer:
    """One socket that shows the lines of a deployment; `lines` and `arrived` (monotonic, s) grow as they come."""

    socket: aiohttp.ClientWebSocketResponse
    lines: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    arrived: list[float] = field(default_factory=list[float])

    async def watch(self) -> None:
        """Take frames until the socket ends."""
        async for message in self.socket:
            frame = message.json()
            if frame["type"] == "next":
                new = frame["payload"]["data"]["deploymentLogStream"]
                self.lines += new
                self.arrived += [time.monotonic()] * len(new)

    async def more(self, lines: int, *, timeout_s: float = 30) -> None:
        """Wait until so many more lines have come."""
        goal = len(self.lines) + lines
        async with asyncio.timeout(timeout_s):
            while len(self.lines) < goal:
                await asyncio.sleep(0.02)

    @property
    def ids(self) -> list[str]:
        """Return the ids of the lines in the order in which they came."""
        return [line["id"] for line in self.lines]


@asynccontextmanager
async def viewer(admin: Houston, deployment: str) -> AsyncGenerator[Viewer]:
    """Watch a deployment from its beginning while the block runs."""
    payload = {"query": STREAM, "variables": {"deployment": deployment, "since": PAST}}
    async with admin.session.ws_connect(f"{admin.url}/ws", protocols=["graphql-transport-ws"]) as socket:
        await socket.send_json({"type": "connection_init", "payload": {"authorization": admin.authorization}})
        assert (await socket.receive_json())["type"] == "connection_ack"
        await socket.send_json({"type": "subscribe", "id": "1", "payload": payload})
        viewer = Viewer(socket)
        watching = asyncio.create_task(viewer.watch())
        try:
            yield viewer
            assert not watching.done(), "the socket ended"
        finally:
            watching.cancel()


async def test_log_lines_go_on_after_nats_was_killed_and_after_its_data_were_lost(stack: Stack, admin: Houston) -> None:
    workspace = (await admin.run('mutation { createWorkspace(label: "logs") { id } }'))["createWorkspace"]["id"]
    deployment = (await admin.run(CREATE, {"workspace": workspace}))["createDeployment"]["id"]
    async with viewer(admin, deployment) as live:
        await live.more(5)
        old = process_of(stack, "nats")
        kill(old)
        await until_replaced(stack, old, "nats")
        await until_back(stack, "nats")
        await assert_goes_on(live, "nats killed")
        async with viewer(admin, deployment) as late:
            await until_shown(late, set(live.ids))
            await until_shown(live, set(late.ids))

        await stop(stack, "nats")
        shutil.rmtree(stack.data / "nats" / "jetstream")
        await start(stack, "nats")
        await until_back(stack, "nats")
        await assert_goes_on(live, "jetstream's data lost")
    assert len(set(live.ids)) == len(live.ids)


async def until_shown(to: Viewer, ids: set[str]) -> None:
    """Wait until a viewer has been shown all these lines."""
    async with asyncio.timeout(10):
        while not ids <= set(to.ids):
            await asyncio.sleep(0.02)


async def assert_goes_on(live: Viewer, what: str) -> None:
    """New lines come within 5 s of now."""
    back = time.monotonic()
    await live.more(5)
    after = min(at for at in live.arrived if at > back) - back
    print(f"{what}: the next line {after:.2f} s after it was back")
    assert after < AGAIN_S
