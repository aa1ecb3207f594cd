"""Viewers of a deployment's lines as users have them: each comes back when it is cut off, and notes what it sees."""

import asyncio
import json
import os
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import aiohttp

from services.cli.sse import Place, read_events
from services.gateway.logs.groups import FAREWELL
from shared.runtime.background import end_tasks
from tests.faults.line_proof import Shown
from tests.faults.talkers import COMPONENTS
from tests.integration.gateway.talks import DATA, LEGACY, START, TRANSPORT

AGAIN_S = 0.2
COMES_BACK = {"SERVICE_UNAVAILABLE"}
COMES_BACK_AFTER = {None, 1001, 1006, 4503}
ONE_BY_ONE = """subscription ($d: Uuid!, $c: String, $since: DateTime) {
  log(deploymentUuid: $d, component: $c, timestamp: $since) { id timestamp component level message }
}"""
LISTS = """subscription ($d: String, $c: String, $since: DateTime) {
  deploymentLogStream(deploymentUuid: $d, component: $c, timestamp: $since, interval: 100) {
    id timestamp component level message
  }
}"""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a viewer is to see: a deployment's lines from a moment on, of the gateway at a URL, in somebody's name."""

    url: str
    token: str
    deployment: str
    since: str


@dataclass
class Viewer(ABC):
    """One who watches; `lines` grows as lines come, `arrived` holds their moments (monotonic, s)."""

    name: str
    wish: Wish
    lines: list[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])
    arrived: list[float] = field(default_factory=list[float])
    cut_off: int = 0

    async def run(self) -> None:
        """Watch, and come back whenever that ends, until cancelled; fails with what no coming back would mend."""
        async with aiohttp.ClientSession() as session:
            while True:
                with suppress(aiohttp.ClientError, OSError, TimeoutError):
                    await self.watch(session)
                self.cut_off += 1
                await asyncio.sleep(AGAIN_S)

    @abstractmethod
    async def watch(self, session: aiohttp.ClientSession) -> None:
        """Take lines until the connection ends."""

    def note(self, line: Mapping[str, Any]) -> None:
        """Take one line, unless it is the gateway's word at the end of a stream."""
        if line["message"].startswith(FAREWELL):
            return
        self.lines.append(line)
        self.arrived.append(time.monotonic())

    @property
    def shown(self) -> list[Shown]:
        """Return the lines as the judge takes them."""
        return [Shown(line["component"], line["message"]) for line in self.lines]

    @property
    def ids(self) -> list[str]:
        """Return the ids of the lines in the order in which they came."""
        return [line["id"] for line in self.lines]

    async def more(self, lines: int, *, timeout_s: float = 30) -> None:
        """Wait until so many more lines have come."""
        goal = len(self.lines) + lines
        async with asyncio.timeout(timeout_s):
            while len(self.lines) < goal:
                await asyncio.sleep(0.02)


@dataclass
class SocketViewer(Viewer):
    """A socket with a subscription a component, each gone on with behind the time of its last line."""

    protocol: str = TRANSPORT
    document: str = LISTS
    components: Sequence[str] = tuple(map(str, COMPONENTS))
    _last: dict[str, str] = field(default_factory=dict[str, str])

    async def watch(self, session: aiohttp.ClientSession) -> None:
        """Open the socket, begin, subscribe and take frames until either side ends it."""
        async with session.ws_connect(f"{self.wish.url}/ws", protocols=[self.protocol]) as socket:
            await socket.send_json({"type": "connection_init", "payload": {"authorization": self.wish.token}})
            for key in self.components:
                since = self._last.get(key, self.wish.since)
                variables = {"d": self.wish.deployment, "c": key, "since": since}
                if self.protocol == TRANSPORT and key == self.components[0]:
                    await socket.receive_json()
                payload = {"query": self.document, "variables": variables}
                await socket.send_json({"type": START[self.protocol], "id": key, "payload": payload})
            async for message in socket:
                if not self._take(message.json()):
                    return
        assert socket.close_code in COMES_BACK_AFTER, socket.close_code

    def _take(self, frame: Mapping[str, Any]) -> bool:
        """Note the lines of a frame; say whether there will be more."""
        if frame["type"] != DATA[self.protocol]:
            assert frame["type"] in {"connection_ack", "connection_error", "complete", "error", "ka"}, frame
            return frame["type"] in {"connection_ack", "ka"}
        if errors := frame["payload"].get("errors"):
            assert {error["extensions"]["code"] for error in errors} <= COMES_BACK, errors
            return False
        (found,) = frame["payload"]["data"].values()
        lines: list[Mapping[str, Any]] = found if self.document == LISTS else [found]
        for line in lines:
            self.note(line)
            self._last[frame["id"]] = line["timestamp"]
        return True


@dataclass
class EventViewer(Viewer):
    """Server-sent events, gone on with by `Last-Event-ID`."""

    place: Place = field(default_factory=Place)

    async def watch(self, session: aiohttp.ClientSession) -> None:
        """Take events until the connection ends; the one that says why the gateway ends it is a fault here."""
        headers = {"Authorization": self.wish.token}
        if self.place.last_id:
            headers["Last-Event-ID"] = self.place.last_id
        address = f"{self.wish.url}/v1/deployments/{self.wish.deployment}/logs"
        async with session.get(address, params={"since": self.wish.since}, headers=headers) as response:
            if response.status == 503:
                return
            assert response.status == 200, await response.text()
            async with aclosing(read_events(response.content.iter_any(), self.place)) as events:
                async for event in events:
                    assert event.kind == "message", event
                    self.note(json.loads(event.data))


@dataclass
class CurlViewer(Viewer):
    """Server-sent events as `curl` reads them, gone on with by `Last-Event-ID`."""

    place: Place = field(default_factory=Place)

    async def watch(self, session: aiohttp.ClientSession) -> None:
        """Take events until curl ends."""
        del session
        headers = [f"Authorization: {self.wish.token}"]
        if self.place.last_id:
            headers.append(f"Last-Event-ID: {self.place.last_id}")
        address = f"{self.wish.url}/v1/deployments/{self.wish.deployment}/logs"
        child = await asyncio.create_subprocess_exec(
            *("curl", "--silent", "--no-buffer", "--fail", "--get", "--data-urlencode", f"since={self.wish.since}"),
            *(argument for header in headers for argument in ("--header", header)),
            address,
            stdout=asyncio.subprocess.PIPE,
        )
        assert child.stdout
        try:
            async with aclosing(read_events(child.stdout, self.place)) as events:
                async for event in events:
                    assert event.kind == "message", event
                    self.note(json.loads(event.data))
        finally:
            await ended(child)


async def ended(child: asyncio.subprocess.Process) -> None:
    """Kill a process that may have ended, and wait for its end."""
    with suppress(ProcessLookupError):
        child.kill()
    await child.communicate()


@dataclass
class CommandViewer(Viewer):
    """`aerodrome logs -f`, started once: it must come back by itself."""

    async def run(self) -> None:
        """Take what it prints until cancelled; fails when it ends."""
        wish = self.wish
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "services.cli", "logs", wish.deployment, "-f", "--json"),
            *("--since", wish.since),
            env={**os.environ, "AERODROME_TOKEN": wish.token, "AERODROME_URL": wish.url},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert child.stdout
        assert child.stderr
        try:
            async for line in child.stdout:
                self.note(json.loads(line))
            raise AssertionError((await child.stderr.read()).decode())
        finally:
            await ended(child)

    async def watch(self, session: aiohttp.ClientSession) -> None:
        """Never called: the command comes back by itself."""
        raise NotImplementedError


def every_kind(wish: Wish, named: str = "") -> list[Viewer]:
    """Return a viewer of each kind."""
    sockets = [
        SocketViewer(f"{named}{protocol} {field}", wish, protocol=protocol, document=document)
        for protocol in (LEGACY, TRANSPORT)
        for field, document in (("log", ONE_BY_ONE), ("deploymentLogStream", LISTS))
    ]
    return [
        *sockets,
        EventViewer(f"{named}events", wish),
        CurlViewer(f"{named}curl", wish),
        CommandViewer(f"{named}aerodrome logs -f", wish),
    ]


def wish(*, url: str, token: str, deployment: str, since: datetime) -> Wish:
    """Return a wish for lines after a moment."""
    return Wish(url=url, token=token, deployment=deployment, since=since.isoformat())


@asynccontextmanager
async def watching(viewers: Sequence[Viewer]) -> AsyncGenerator[None]:
    """Have them watch while the block runs; one that fails fails the test."""
    tasks = [asyncio.create_task(viewer.run(), name=viewer.name) for viewer in viewers]
    try:
        yield
        for task in tasks:
            if task.done():
                task.result()
    finally:
        await end_tasks(tasks)
