"""Sockets that mean harm: each ends with its code, takes bounded memory, and another viewer does not notice."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from itertools import repeat
from pathlib import Path

import aiohttp
import psutil
import pytest
import pytest_asyncio

from services.deployments.contract import Component
from services.gateway.metrics import SOCKETS
from services.gateway.sockets import door as doors
from services.gateway.sockets.session import MOST_OPERATIONS
from shared.ids import new_id
from shared.servers.process import free_port
from tests.faults.replicas import replica
from tests.integration.bus import until
from tests.integration.gateway.components import Writer, writing
from tests.integration.gateway.doors import Door
from tests.integration.gateway.log_viewers import LISTS, LONG_AGO, Asked, Watcher, over_socket, watching
from tests.integration.gateway.raw_sockets import Op, RawSocket, frame, raw_socket
from tests.integration.gateway.talks import LEGACY, START, TRANSPORT
from tests.integration.gateway.whole import Aerodrome

pytestmark = pytest.mark.asyncio(loop_scope="module")
MEBIBYTE = 2**20
MOST_GROWTH = 48 * MEBIBYTE
"""What one hostile client may cost; its kernel buffers, 1 MiB of a message and freed memory that is kept are within."""

BOTH = pytest.mark.parametrize("protocol", [LEGACY, TRANSPORT])
CREATE = "mutation ($w: Uuid!, $l: String!) { createDeployment(workspaceUuid: $w, label: $l) { id } }"


@dataclass
class Outpost:
    """A gateway in a process of its own, with a viewer of a deployment's lines on it."""

    aerodrome: Aerodrome
    url: str
    process: psutil.Process
    deployment: str
    writer: Writer
    viewer: Watcher

    @asynccontextmanager
    async def unharmed(self) -> AsyncGenerator[None]:
        """See that what the block does costs bounded memory, and that the viewer goes on meanwhile."""
        before = self.process.memory_info().rss
        yield
        after = self.process.memory_info().rss
        print(f"RSS {before / MEBIBYTE:.1f} MiB before, {after / MEBIBYTE:.1f} MiB after")
        assert after - before < MOST_GROWTH
        text = new_id()
        await self.writer.write(text, component=Component.WORKER, deployment=self.deployment)
        await until(lambda: text in {line["message"] for line in self.viewer.lines}, timeout_s=20)

    @asynccontextmanager
    async def begun(self, protocol: str) -> AsyncGenerator[RawSocket]:
        """Give a socket whose client has told who it is."""
        async with raw_socket(self.url, protocol) as made:
            hello = {"type": "connection_init", "payload": {"authorization": self.aerodrome.admin}}
            await made.send(frame(Op.TEXT, json.dumps(hello).encode()))
            assert json.loads((await made.received())[1]) == {"type": "connection_ack"}
            yield made

    def subscribe(self, protocol: str, key: str) -> bytes:
        """Return the frame that subscribes to the deployment's lines."""
        payload = {"query": LISTS, "variables": {"d": self.deployment, "since": LONG_AGO}}
        return frame(Op.TEXT, json.dumps({"type": START[protocol], "id": key, "payload": payload}).encode())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def outpost(aerodrome: Aerodrome, module_folder: Path) -> AsyncGenerator[Outpost]:
    """A gateway beside that of the whole, which shows lines to a viewer."""
    made = await aerodrome.data(CREATE, aerodrome.admin, w=await aerodrome.make_workspace(), l=new_id())
    login, port = aerodrome.installation.nats.login("gateway"), free_port()
    environment = {
        "AERODROME_NATS_URL": login.url,
        "AERODROME_NATS_USER": login.user,
        "AERODROME_NATS_PASSWORD": login.password,
        "AERODROME_PORT": str(port),
    }
    async with AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(replica("gateway", environment, log=module_folder / "outpost.log"))
        await gateway.until_missing()
        session = await stack.enter_async_context(aiohttp.ClientSession())
        writer = await stack.enter_async_context(writing(aerodrome.installation.nats))
        url = f"http://127.0.0.1:{port}"
        there = replace(aerodrome, door=Door(aerodrome.door.process, session, url))
        asked = Asked(aerodrome=there, token=aerodrome.admin, deployment=made["id"], component="worker")
        kinds = {"viewer": over_socket(TRANSPORT, "log")}
        (viewer,) = await stack.enter_async_context(watching(asked, kinds))
        yield Outpost(aerodrome, url, psutil.Process(gateway.child.pid), made["id"], writer, viewer)


TOO_BIG, PROTOCOL_ERROR, BAD_TEXT, BAD_MESSAGE = 1009, 1002, 1007, 4400
MISTAKES: dict[str, tuple[int, Callable[[], list[bytes]]]] = {
    "10 MiB": (TOO_BIG, lambda: [frame(Op.TEXT, b"[" * 10 * MEBIBYTE)]),
    "10 MiB, binary": (TOO_BIG, lambda: [frame(Op.BINARY, bytes(10 * MEBIBYTE))]),
    "4 EiB told": (TOO_BIG, lambda: [frame(Op.TEXT, b"[", told=2**62)]),
    "16 EiB told": (TOO_BIG, lambda: [frame(Op.TEXT, b"[", told=2**64 - 1)]),
    "fragments without end": (
        TOO_BIG,
        lambda: [frame(Op.TEXT, b"[", final=False), *repeat(frame(Op.MORE, b"[" * 1024, final=False), 10_240)],
    ),
    "binary": (BAD_MESSAGE, lambda: [frame(Op.BINARY, b"{}")]),
    "invalid UTF-8": (BAD_TEXT, lambda: [frame(Op.TEXT, b'{"type": "\xff"}')]),
    "no JSON": (BAD_MESSAGE, lambda: [frame(Op.TEXT, b"[" * 100_000)]),
    "a long number": (BAD_MESSAGE, lambda: [frame(Op.TEXT, b'{"type": ' + b"9" * 500_000 + b"}")]),
    "nothing": (BAD_MESSAGE, lambda: [frame(Op.TEXT)]),
    "an end without a beginning": (PROTOCOL_ERROR, lambda: [frame(Op.MORE, b"x")]),
    "a fragmented ping": (PROTOCOL_ERROR, lambda: [frame(Op.PING, b"x", final=False)]),
    "a long ping": (PROTOCOL_ERROR, lambda: [frame(Op.PING, b"x" * 126)]),
}


@BOTH
@pytest.mark.parametrize("mistake", MISTAKES)
async def test_what_is_no_frame_ends_the_socket_with_its_code(outpost: Outpost, protocol: str, mistake: str) -> None:
    code, frames = MISTAKES[mistake]
    async with outpost.begun(protocol) as hostile, outpost.unharmed():
        taken = await hostile.send(*frames())
        assert await hostile.closed() == code or (code == TOO_BIG and not taken)  # a reset may overtake the close


@BOTH
async def test_fragments_of_nothing_without_end_take_no_memory(outpost: Outpost, protocol: str) -> None:
    async with outpost.begun(protocol) as hostile, outpost.unharmed():
        await hostile.send(frame(Op.TEXT, final=False), *repeat(frame(Op.MORE, final=False) * 1_000, 200))
        await hostile.send(frame(Op.CLOSE))
        assert await hostile.closed() is not None


@BOTH
@pytest.mark.parametrize(
    "flood",
    [frame(Op.PING), frame(Op.PING, b"x" * 125), frame(Op.PONG), frame(Op.TEXT, b'{"type": "ping"}')],
    ids=["pings", "long pings", "pongs", "pings of the sub-protocol"],
)
async def test_a_flood_from_one_who_does_not_read_takes_bounded_memory(
    outpost: Outpost, protocol: str, flood: bytes
) -> None:
    async with outpost.begun(protocol) as hostile, outpost.unharmed():
        taken = await hostile.send(*repeat(flood * 1_000, 100))
        print(f"all of 100,000 frames taken: {taken}")


@BOTH
async def test_of_two_thousand_subscriptions_on_a_socket_fifty_are_served(outpost: Outpost, protocol: str) -> None:
    async with outpost.begun(protocol) as hostile, outpost.unharmed():
        sending = asyncio.create_task(hostile.send(*(outpost.subscribe(protocol, str(n)) for n in range(2_000))))
        refused: set[str] = set()
        while len(refused) < 2_000 - MOST_OPERATIONS:
            told = json.loads((await hostile.received())[1])
            if told["type"] == "error":
                refused.add(told["id"])
        assert await sending
    assert refused == {str(number) for number in range(MOST_OPERATIONS, 2_000)}


async def test_a_hundred_viewers_that_stop_reading_take_bounded_memory(outpost: Outpost) -> None:
    async with AsyncExitStack() as stack, outpost.unharmed():
        for _ in range(10):
            hostile = await stack.enter_async_context(outpost.begun(TRANSPORT))
            await hostile.send(*(outpost.subscribe(TRANSPORT, str(number)) for number in range(10)))
            hostile.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's transport
        for _ in range(20):
            await outpost.writer.write("x" * 12_000, component=Component.TRIGGERER, deployment=outpost.deployment)


def open_sockets() -> float:
    """Return how many sockets the gateway in this process counts."""
    return next(sample.value for metric in SOCKETS.collect() for sample in metric.samples)


@BOTH
@pytest.mark.parametrize("how", ["silent", "reset"])
async def test_a_peer_that_vanishes_leaves_nothing_behind(
    aerodrome: Aerodrome, outpost: Outpost, monkeypatch: pytest.MonkeyPatch, protocol: str, how: str
) -> None:
    monkeypatch.setattr(doors, "HEARTBEAT_S", 0.4)
    before = open_sockets()
    here = replace(outpost, url=aerodrome.door.url)
    async with AsyncExitStack() as stack:
        for _ in range(4):
            gone = await stack.enter_async_context(here.begun(protocol))
            await gone.send(here.subscribe(protocol, "1"))
            await gone.received()
            if how == "reset":
                gone.vanish()
        await until(lambda: open_sockets() == before)
    assert [task for task in asyncio.all_tasks() if task.get_name() == "socket operation"] == []
