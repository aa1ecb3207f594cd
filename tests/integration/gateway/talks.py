"""Sockets of a gateway as one client sees them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.integration.gateway.whole import Aerodrome

LEGACY, TRANSPORT = "graphql-ws", "graphql-transport-ws"
START = {LEGACY: "start", TRANSPORT: "subscribe"}
DATA = {LEGACY: "data", TRANSPORT: "next"}
STOP = {LEGACY: "stop", TRANSPORT: "complete"}


@dataclass
class Talk:
    """A socket that has begun, as one client sees it."""

    socket: aiohttp.ClientWebSocketResponse
    protocol: str

    async def send(self, kind: str, key: Any = None, payload: Any = None) -> None:
        frame: dict[str, Any] = {"type": kind}
        if key is not None:
            frame["id"] = key
        if payload is not None:
            frame["payload"] = payload
        await self.socket.send_json(frame)

    async def start(self, key: Any, document: str, **variables: Any) -> None:
        await self.send(START[self.protocol], key, {"query": document, "variables": variables})

    async def frame(self) -> dict[str, Any]:
        async with asyncio.timeout(20):
            found: dict[str, Any] = await self.socket.receive_json()
            return found

    async def lines(self, key: Any, least: int) -> list[dict[str, Any]]:
        """Return at least so many lines of one operation."""
        lines: list[dict[str, Any]] = []
        while len(lines) < least:
            frame = await self.frame()
            assert (frame["type"], frame.get("id")) == (DATA[self.protocol], key), frame
            lines += frame["payload"]["data"]["deploymentLogStream"]
        return lines

    async def each_line(self, key: Any, least: int) -> list[dict[str, Any]]:
        """Return so many lines of one operation that shows them one by one."""
        lines: list[dict[str, Any]] = []
        while len(lines) < least:
            frame = await self.frame()
            assert (frame["type"], frame.get("id")) == (DATA[self.protocol], key), frame
            lines.append(frame["payload"]["data"]["log"])
        return lines

    async def closed(self) -> int | None:
        async with asyncio.timeout(20):
            while (await self.socket.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
        return self.socket.close_code


@asynccontextmanager
async def talking(aerodrome: Aerodrome, protocol: str, token: str = "") -> AsyncGenerator[Talk]:
    """Open a socket in somebody's name, by default the administrator's."""
    async with aerodrome.door.socket(protocol) as socket:
        talk = Talk(socket, protocol)
        await talk.send("connection_init", payload={"authorization": token or aerodrome.admin})
        assert await talk.frame() == {"type": "connection_ack"}
        yield talk
