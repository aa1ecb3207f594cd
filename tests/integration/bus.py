"""Buses, messages and servers for the tests of the bus."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from nats.aio.client import Client
from pydantic import SecretStr

from services.nats_users import streams_of
from shared.auth import Principal, PrincipalKind
from shared.bus.client import Bus
from shared.bus.context import Context
from shared.bus.request import Handlers, Request, Result
from shared.bus.server import BusServer, Limits
from shared.messages import Command, Message, Query
from shared.settings import BusSettings
from tests.servers import NatsForTests

SERVICE = "identity"
PERSON = Principal(kind=PrincipalKind.USER, subject="user-1")


class Said(Message):
    text: str


class Say(Command[Said]):
    subject: ClassVar[str] = "identity.command.say"

    text: str


class Listen(Query[Said]):
    subject: ClassVar[str] = "identity.query.listen"

    text: str = ""


def settings(nats: NatsForTests, user: str) -> BusSettings:
    login = nats.login(user)
    return BusSettings(nats_url=login.url, nats_user=login.user, nats_password=SecretStr(login.password))


@asynccontextmanager
async def bus_of(nats: NatsForTests, user: str) -> AsyncGenerator[Bus]:
    bus = await Bus.connect(settings(nats, user), name=user, streams=streams_of(user))
    try:
        yield bus
    finally:
        await bus.close()


@asynccontextmanager
async def client_of(nats: NatsForTests, user: str, *, stream: str = "") -> AsyncGenerator[Client]:
    """A bare client, for commands or for one stream, for messages that our own code would not send."""
    login = nats.login(user, stream=stream)
    client = Client()
    await client.connect(login.url, user=login.user, password=login.password, inbox_prefix=login.inbox_prefix)
    try:
        yield client
    finally:
        await client.close()


@dataclass(frozen=True)
class Answering:
    """A service that answers, without a store."""

    bus: Bus
    server: BusServer


@asynccontextmanager
async def answering(
    nats: NatsForTests, handlers: Handlers, *, limits: Limits | None = None
) -> AsyncGenerator[Answering]:
    async with bus_of(nats, SERVICE) as bus:
        server = BusServer(bus, SERVICE, handlers, limits=limits)
        await server.start()
        try:
            yield Answering(bus, server)
        finally:
            await server.drain(patience_s=1)


def context(patience_s: float = 5.0, *, keyed: bool = False) -> Context:
    return Context.first(PERSON, patience=timedelta(seconds=patience_s), keyed=keyed)


async def until(condition: Callable[[], bool | Awaitable[bool]], *, timeout_s: float = 10.0) -> None:
    """Wait for a condition that nothing announces; fails after `timeout_s`."""
    async with asyncio.timeout(timeout_s):
        while True:
            found = condition()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.01)


class Voice:
    """A handler that counts its calls and can be held up."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.free = asyncio.Event()
        self.free.set()
        self.failures: list[Exception] = []

    async def say(self, request: Request[Say]) -> Result[Said]:
        self.heard.append(request.message.text)
        await self.free.wait()
        if self.failures:
            raise self.failures.pop(0)
        return Result(Said(text=request.message.text.upper()), stream="voice-1", position=len(self.heard))

    async def listen(self, request: Request[Listen]) -> Result[Said]:
        return Result(Said(text=request.message.text))
