"""A TCP proxy in front of Postgres that loses connections when it is told to."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit


class Proxy:
    """Passes bytes on; `lose_answers` cuts every connection at the server's next word, `refuse` lets nobody in."""

    def __init__(self, dsn: str) -> None:
        self._target = urlsplit(dsn)
        self._server: asyncio.Server | None = None
        self._inside: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self.lose_answers = False
        self.refuse = False
        self.lost = asyncio.Event()

    @property
    def dsn(self) -> str:
        """The address of the database through the proxy."""
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        credentials = self._target.netloc.rpartition("@")[0]
        return self._target._replace(netloc=f"{credentials}@127.0.0.1:{port}").geturl()

    def cut(self) -> None:
        """Lose the connections of all clients; the server is not told."""
        for writer in self._inside.values():
            writer.transport.abort()

    @asynccontextmanager
    async def running(self) -> AsyncGenerator["Proxy"]:
        """Listen while the context lasts."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        try:
            yield self
        finally:
            self._server.close()
            for writer in self._inside.values():
                writer.transport.abort()
            if self._inside:
                await asyncio.wait(self._inside)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._inside[task] = writer
        with contextlib.suppress(OSError):
            if not self.refuse:
                await self._pass_on(reader, writer)
        writer.transport.abort()
        del self._inside[task]

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(self._target.hostname, self._target.port)
        try:
            sides = {
                asyncio.ensure_future(self._asks(reader, there_writer)),
                asyncio.ensure_future(self._answers(there_reader, writer)),
            }
            _, open_ = await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
            for side in open_:
                side.cancel()
            await asyncio.gather(*sides, return_exceptions=True)
        finally:
            there_writer.close()
            with contextlib.suppress(OSError):
                await there_writer.wait_closed()

    async def _asks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while words := await reader.read(65536):
            writer.write(words)
            await writer.drain()

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while words := await reader.read(65536):
            if self.lose_answers:
                self.lost.set()
                return
            writer.write(words)
            await writer.drain()
