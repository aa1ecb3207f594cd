"""A WebSocket client below every library: it sends what no decent client does. Source: RFC 6455, section 5.2."""

import asyncio
import socket
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import IntEnum
from urllib.parse import urlsplit


class Op(IntEnum):
    """What a frame is."""

    MORE = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


def frame(op: Op, payload: bytes = b"", *, final: bool = True, told: int | None = None) -> bytes:
    """Return a frame, masked with zeros; `told` is the length that its head tells, by default the true one."""
    length = len(payload) if told is None else told
    first = op | (0x80 if final else 0)
    if length < 126:
        head = struct.pack("!BB", first, 0x80 | length)
    elif length < 2**16:
        head = struct.pack("!BBH", first, 0x80 | 126, length)
    else:
        head = struct.pack("!BBQ", first, 0x80 | 127, length)
    return head + bytes(4) + payload


@dataclass
class RawSocket:
    """A socket after its handshake."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, *frames: bytes) -> bool:
        """Send bytes; return whether the gateway took all of them, before it closed or 2 s without reading passed."""
        try:
            for each in frames:
                self.writer.write(each)
                async with asyncio.timeout(2):
                    await self.writer.drain()
        except (OSError, TimeoutError):
            return False
        return True

    async def received(self) -> tuple[int, bytes]:
        """Return kind and payload of the next frame; raise IncompleteReadError at the end."""
        async with asyncio.timeout(20):
            first, length = await self.reader.readexactly(2)
            if length == 126:
                (length,) = struct.unpack("!H", await self.reader.readexactly(2))
            elif length == 127:
                (length,) = struct.unpack("!Q", await self.reader.readexactly(8))
            return first & 0x0F, await self.reader.readexactly(length)

    async def closed(self) -> int | None:
        """Return the code of the gateway's close, None where the connection ends without one."""
        try:
            while True:
                op, payload = await self.received()
                if op == Op.CLOSE:
                    return int.from_bytes(payload[:2], "big")
        except (asyncio.IncompleteReadError, OSError):
            return None

    def vanish(self) -> None:
        """End the connection without a word of WebSocket's, by a reset."""
        made: socket.socket = self.writer.get_extra_info("socket")
        made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


@asynccontextmanager
async def raw_socket(url: str, protocol: str) -> AsyncGenerator[RawSocket]:
    """Give a socket of a gateway whose handshake is done."""
    where = urlsplit(url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    head = (
        "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: {protocol}\r\n\r\n"
    )
    writer.write(head.encode())
    answer = await reader.readuntil(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 101"), answer
    try:
        yield RawSocket(reader, writer)
    finally:
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()
