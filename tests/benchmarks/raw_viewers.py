"""Raw viewers for a benchmark, in a process of their own; and a bare broadcast to compare with."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import aiohttp
import uvloop
from aiohttp import web

SECONDS = float(os.environ.get("BENCH_SECONDS", "8"))
NEXT, STAMP, MSG = b'{"type":"next"', b"t=", b"MSG "
FRAME = (
    b'{"type":"next","id":"1","payload":{"data":{"log":'
    b'{"id":"cm0000000000000000000000/1","createdAt":"%s","log":"%s"}}}}'
)


def message() -> str:
    """Return a line of 120 characters with the moment it is written."""
    return f"t={time.time_ns()} a line that a task writes as tasks do, about what it has done so far; it is as long as"


@dataclass
class Count:
    """What all viewers of this process were sent."""

    frames: int = 0
    lines: int = 0
    delays: list[float] = field(default_factory=list[float])
    first: float = 0.0
    last: float = 0.0


class Viewer(asyncio.Protocol):
    """One raw connection: it says its part and then counts what it is sent."""

    def __init__(self, count: Count, parts: Sequence[bytes], *, mark: bytes, sampled: bool) -> None:
        self._count = count
        self._parts = list(parts)
        self._mark = mark
        self._sampled = sampled
        self._rest = b""
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        """Say the first part."""
        self.transport = transport
        transport.write(self._parts.pop(0))

    def data_received(self, data: bytes) -> None:
        """Say the next part, or count."""
        if not self.ready.done():
            if self._parts:
                self.transport.write(self._parts.pop(0))
            if not self._parts:
                self.ready.set_result(None)
            return
        seen = self._rest + data
        self._rest = seen[-(len(self._mark) - 1) :]
        self._count.frames += seen.count(self._mark)
        self._count.lines += data.count(STAMP)
        self._count.last = time.monotonic()
        self._count.first = self._count.first or self._count.last
        if self._sampled:
            now, place = time.time_ns(), data.find(STAMP)
            while 0 <= place < len(data) - 21:
                self._count.delays.append((now - int(data[place + 2 : place + 21])) / 1e6)
                place = data.find(STAMP, place + 22)


def text_frame(told: Mapping[str, Any]) -> bytes:
    """Return a frame of a client, under a mask of zeros."""
    text = json.dumps(told).encode()
    size = bytes([0x80 | len(text)]) if len(text) < 126 else b"\xfe" + len(text).to_bytes(2, "big")
    return b"\x81" + size + bytes(4) + text


def parts_of(spec: Mapping[str, Any], number: int) -> Sequence[bytes]:
    """Return what one viewer says."""
    if "connect" in spec:
        return [spec["connect"].encode()]
    hello = (
        b"GET /ws HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
    )
    if "document" not in spec:
        return [hello]
    payload = {"query": spec["document"], "variables": {"d": spec["deployments"][number % len(spec["deployments"])]}}
    begin = text_frame({"type": "connection_init", "payload": {"authorization": spec["token"]}})
    return [hello, begin, text_frame({"type": "subscribe", "id": "1", "payload": payload})]


async def view(spec: Mapping[str, Any]) -> None:
    """Open all viewers, tell so, and tell the counts when the starter says a word."""
    count, loop = Count(), asyncio.get_running_loop()
    mark = MSG if "connect" in spec else NEXT
    for start in range(0, spec["viewers"], 40):
        batch = range(start, min(start + 40, spec["viewers"]))
        made = [
            loop.create_connection(
                partial(Viewer, count, parts_of(spec, n), mark=mark, sampled=n % 20 == 0), "127.0.0.1", spec["port"]
            )
            for n in batch
        ]
        for _, viewer in await asyncio.gather(*made):
            await viewer.ready
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    delays = sorted(count.delays) or [0.0]
    told: dict[str, float] = {"frames": count.frames, "lines": count.lines, "s": count.last - count.first}
    told |= {"p50": delays[len(delays) // 2], "p99": delays[int(len(delays) * 0.99)]}
    print(json.dumps(told), flush=True)
    os._exit(0)


async def broadcast() -> None:
    """Send pre-encoded frames to all sockets: `rate` a second, 0 for as many as go, told by lines on stdin."""
    sockets: list[web.WebSocketResponse] = []

    async def open_socket(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=["graphql-transport-ws"], compress=False)
        await socket.prepare(request)
        sockets.append(socket)
        await socket.receive()
        return socket

    application = web.Application()
    application.router.add_get("/ws", open_socket)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    while rate := await asyncio.to_thread(sys.stdin.readline):
        began, sent = time.monotonic(), 0
        while time.monotonic() - began < SECONDS:
            frame = FRAME % (datetime.now(UTC).isoformat().encode(), message().encode())
            for socket in sockets:
                await socket.send_frame(frame, aiohttp.WSMsgType.TEXT)
            sent += 1
            await asyncio.sleep(max(0.0, began + sent / float(rate) - time.monotonic()) if float(rate) else 0)
        print("sent", flush=True)
    os._exit(0)


class Part:
    """Another process of this file."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "tests.benchmarks.raw_viewers", *arguments]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    async def heard(self) -> str:
        """Return the next line that it prints."""
        assert self.process.stdout is not None
        return await asyncio.to_thread(self.process.stdout.readline)

    def say(self, text: str = "") -> None:
        """Write it a line."""
        assert self.process.stdin is not None
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def end(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()


@asynccontextmanager
async def viewing(name: str, spec: Mapping[str, Any]) -> AsyncGenerator[None]:
    """Have viewers count while the block runs, then print what they did."""
    part = Part("view", json.dumps(spec))
    try:
        await part.heard()
        await asyncio.sleep(1)
        yield
        await asyncio.sleep(1)
        part.say()
        told = json.loads(await part.heard())
    finally:
        part.end()
    per_s = {key: told[key] / max(told["s"], 0.001) for key in ("frames", "lines")}
    print(
        f"{name:52} {per_s['frames']:9,.0f} frames/s {per_s['lines']:9,.0f} lines/s   "
        f"p50 {told['p50']:7.1f} ms   p99 {told['p99']:7.1f} ms",
        flush=True,
    )


if __name__ == "__main__":
    uvloop.run(view(json.loads(sys.argv[2])) if sys.argv[1] == "view" else broadcast())
