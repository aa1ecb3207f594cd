"""Frames/s, delay and memory of many viewers of live log lines, beside a bare aiohttp broadcast and a bare NATS.

Against `aerodrome up` on this machine; the viewers are raw sockets in a process of their own, which counts and parses
nothing. BENCH_SECONDS sets how long each part takes, BENCH_VIEWERS how many there are, BENCH_CHURN how often one comes
and goes; with BENCH_SHORT only the loads whose delay is to be small are tried.
"""

import asyncio
import json
import os
import tempfile
import time
import urllib.request
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import uvloop
from pydantic import SecretStr

from services.cli.folder import DataFolder
from services.deployments.contract import LOGS_STREAM, Component, LogBatch, LogRecord
from services.deployments.logs.stream import LogFeed
from shared.bus.client import Bus
from shared.ids import new_id
from shared.settings import BusSettings
from tests.acceptance.client import Houston
from tests.acceptance.conftest import PASSWORD, SIGN_UP
from tests.acceptance.stack import Stack, running
from tests.benchmarks.raw_viewers import SECONDS, Part, message, viewing
from tests.faults.processes import process_of
from tests.faults.talkers import silent_deployment
from tests.integration.bus import client_of
from tests.servers import start_nats

VIEWERS = int(os.environ.get("BENCH_VIEWERS", "1000"))
CHURN = int(os.environ.get("BENCH_CHURN", "10000"))
LOG = "subscription log($d: Uuid!) { log(deploymentUuid: $d) { id createdAt: timestamp log: message } }"
LISTS = """subscription ($d: String) {
  deploymentLogStream(deploymentUuid: $d, interval: 100) { id timestamp component level message }
}"""


@dataclass
class Product:
    """A running gateway, who may read, and the feed that lines are written to."""

    stack: Stack
    feed: LogFeed
    token: str
    deployments: Sequence[str]
    numbers: dict[str, int] = field(default_factory=dict[str, int])
    incarnation: str = field(default_factory=new_id)

    async def write(self, deployment: str, lines: int) -> None:
        """Write one batch."""
        number = self.numbers[deployment] = self.numbers.get(deployment, 0) + 1
        records = tuple(
            LogRecord(id=f"{deployment}/{number}/{n}", timestamp=datetime.now(UTC), level="INFO", message=message())
            for n in range(lines)
        )
        await self.feed.write(
            LogBatch(
                deployment=deployment,
                component=Component.WORKER,
                incarnation=self.incarnation,
                batch=number,
                records=records,
            )
        )

    async def talk(self, deployments: Sequence[str], batches_per_s: float, lines: int) -> None:
        """Write so many batches a second to each deployment."""
        began, sent = time.monotonic(), 0
        while time.monotonic() - began < SECONDS:
            await asyncio.gather(*(self.write(each, lines) for each in deployments))
            sent += 1
            await asyncio.sleep(max(0.0, began + sent / batches_per_s - time.monotonic()))

    def memory(self) -> int:
        """Return the bytes that the gateway holds."""
        return int(process_of(self.stack, "gateway").memory_info().rss)

    def counters(self) -> Mapping[str, float]:
        """Return the gateway's gauges of what viewers take."""
        with urllib.request.urlopen(f"{self.stack.url}/metrics") as answer:
            lines = answer.read().decode().splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if line.startswith("aerodrome_gateway_"))
        kept = ("log_viewers", "log_tails", "log_groups", "log_permits", "sockets", "operations")
        return {name.removeprefix("aerodrome_gateway_"): float(value) for name, value in pairs if name.endswith(kept)}

    async def case(
        self,
        name: str,
        document: str,
        deployments: Sequence[str],
        viewers: int,
        *,
        batches_per_s: float,
        lines: int = 1,
    ) -> None:
        """Load the gateway once and print what came of it."""
        spec: dict[str, Any] = {"port": int(self.stack.url.rsplit(":", 1)[1]), "viewers": viewers, "document": document}
        spec |= {"token": self.token, "deployments": list(deployments)}
        before = self.memory()
        async with viewing(name, spec):
            opened = self.memory()
            await self.talk(deployments, batches_per_s, lines)
            print(
                f"    memory a viewer: {(opened - before) / viewers / 1000:.1f} kB, "
                f"after the load {(self.memory() - before) / viewers / 1000:.1f} kB; {dict(self.counters())}"
            )


@asynccontextmanager
async def product(stack: Stack, count: int) -> AsyncGenerator[Product]:
    """Sign somebody up and make silent deployments."""
    async with aiohttp.ClientSession() as session:
        anonymous = Houston(stack.url, session)
        signed = await anonymous.run(SIGN_UP, {"email": stack.admin_email, "password": PASSWORD})
        admin = anonymous.as_(signed["createUser"]["token"]["value"])
        made = [await silent_deployment(admin)]
        for _ in range(0, count - 1, 10):
            made += await asyncio.gather(*(silent_deployment(admin) for _ in range(10)))
    folder = DataFolder(stack.data)
    password = SecretStr(folder.secrets().nats["runner"])
    settings = BusSettings(nats_url=folder.state().nats_url, nats_user="runner", nats_password=password)
    bus = await Bus.connect(settings, name="bench", streams=[LOGS_STREAM])
    try:
        yield Product(stack, LogFeed(bus), admin.authorization, made)
    finally:
        await bus.close()


async def churn(made: Product) -> None:
    """Have viewers come and go, and print what they leave behind."""
    before, memory = made.counters(), made.memory()
    places = asyncio.Semaphore(20)
    async with aiohttp.ClientSession() as session:

        async def come_and_go(number: int) -> None:
            payload = {"query": LOG, "variables": {"d": made.deployments[number % len(made.deployments)]}}
            async with places, session.ws_connect(f"{made.stack.url}/ws", protocols=["graphql-transport-ws"]) as socket:
                await socket.send_json({"type": "connection_init", "payload": {"authorization": made.token}})
                await socket.receive()
                await socket.send_json({"type": "subscribe", "id": "1", "payload": payload})
                await asyncio.sleep(0.01 * (number % 5))

        await asyncio.gather(*(come_and_go(number) for number in range(CHURN // 2)))
        half = made.memory()
        await asyncio.gather(*(come_and_go(number) for number in range(CHURN // 2)))
    await asyncio.sleep(3)
    print(f"{CHURN:,} comings and goings: {dict(before)} before, {dict(made.counters())} after;")
    print(f"    gateway {memory / 1e6:.0f} MB before, {half / 1e6:.0f} MB at half, {made.memory() / 1e6:.0f} MB after")


async def bare() -> None:
    """Print what aiohttp and NATS do by themselves."""
    server = Part("broadcast")
    spec: dict[str, Any] = {"port": int(await server.heard()), "viewers": VIEWERS}
    memory = psutil.Process(server.process.pid).memory_info
    before = memory().rss
    for name, rate in (("30/s", 30.0), ("flat out", 0.0)):
        async with viewing(f"bare aiohttp, {VIEWERS} sockets, {name}", spec):
            if rate:
                print(f"    memory a socket: {(memory().rss - before) / VIEWERS / 1000:.1f} kB")
            server.say(str(rate))
            await server.heard()
        server.end()
        if rate:
            server = Part("broadcast")
            spec["port"] = int(await server.heard())
    with tempfile.TemporaryDirectory() as folder:
        nats = start_nats(Path(folder) / "nats")
        try:
            login = nats.login("test")
            options = {"user": login.user, "pass": login.password, "verbose": False}
            connect = f"CONNECT {json.dumps(options)}\r\nSUB bench 1\r\n"
            spec = {"port": int(nats.url.rsplit(":", 1)[1]), "viewers": VIEWERS, "connect": connect}
            async with client_of(nats, "test") as client:
                for name, rate in (("30/s", 30.0), ("300/s", 300.0)):
                    async with viewing(f"bare NATS, {VIEWERS} subscribers, {name}", spec):
                        began, sent = time.monotonic(), 0
                        while time.monotonic() - began < SECONDS:
                            await client.publish("bench", message().encode())
                            sent += 1
                            await asyncio.sleep(max(0.0, began + sent / rate - time.monotonic()))
        finally:
            nats.child.stop()


async def measure(stack: Stack) -> None:
    """Load a running product in all ways."""
    async with product(stack, 11 if os.environ.get("BENCH_SHORT") else 101) as made:
        one, many = made.deployments[:1], made.deployments[1:]
        for name, document, rate in (("deploymentLogStream", LISTS, 100), ("log", LOG, 30)):
            await made.case(f"{name}, 1 x {VIEWERS}, {rate} lines/s", document, one, VIEWERS, batches_per_s=rate)
        if os.environ.get("BENCH_SHORT"):
            return
        await made.case(f"log, 1 x {VIEWERS}, 300 lines/s: too many", LOG, one, VIEWERS, batches_per_s=30, lines=10)
        await made.case(f"log, {len(many)} x 10, 10 lines/s each", LOG, many, 10 * len(many), batches_per_s=5, lines=2)
        await churn(made)


def main() -> None:
    """Measure what is bare, then the product in a private folder."""
    print(
        f"Viewers of log lines; {os.cpu_count()} cores shared with the viewers, load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    if not os.environ.get("BENCH_SHORT"):
        uvloop.run(bare())
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "aerodrome") as stack:
        uvloop.run(measure(stack))


if __name__ == "__main__":
    main()
