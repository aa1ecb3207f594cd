"""A TCP proxy between a service and NATS, or a client and the gateway: keeps back what the first sends, or cuts off."""

import asyncio
import contextlib
from dataclasses import dataclass, field

CHUNK = 65_536


@dataclass
class Proxy:
    """Passes connections on `port` to NATS on `target`, once it is opened.

    From the moment when NATS sends the service anything with `trigger` in it, what the service sends is kept in `held`
    and never passed on.
    """

    port: int
    target: int
    trigger: bytes = b""
    held: bytearray = field(default_factory=bytearray)
    _server: asyncio.Server | None = None
    _holding: bool = False
    _connections: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    async def open(self) -> None:
        """Take connections from now on; before, they are refused."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)

    async def close(self) -> None:
        """End it with every connection through it."""
        if self._server is not None:
            self._server.close()
        await self.cut()

    async def cut(self) -> None:
        """End every connection; new ones are taken as before."""
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def until_held(self, words: bytes, *, timeout_s: float = 10) -> None:
        """Wait until `words` are among what is held back."""
        async with asyncio.timeout(timeout_s):
            while words not in self.held:
                await asyncio.sleep(0.005)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        pumps = [
            asyncio.ensure_future(self._from_service(reader, back)),
            asyncio.ensure_future(self._from_nats(there, writer)),
        ]
        try:
            with contextlib.suppress(asyncio.CancelledError):  # cut off; the server's own callback must not see it
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            for side in (writer, back):
                side.close()
                with contextlib.suppress(OSError):
                    await side.wait_closed()

    async def _from_service(self, service: asyncio.StreamReader, nats: asyncio.StreamWriter) -> None:
        while data := await service.read(CHUNK):
            if self._holding:
                self.held += data
            else:
                nats.write(data)
                await nats.drain()

    async def _from_nats(self, nats: asyncio.StreamReader, service: asyncio.StreamWriter) -> None:
        tail = b""
        while data := await nats.read(CHUNK):
            self._holding = self._holding or (bool(self.trigger) and self.trigger in tail + data)
            tail = data[-len(self.trigger) :]
            service.write(data)
            await service.drain()
