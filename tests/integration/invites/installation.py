"""Identity and invites, running for a test on real servers, and the people who use them."""

import asyncio
import base64
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
from pydantic import SecretStr

from services.deployments.app import APP as DEPLOYMENTS
from services.identity.app import APP as IDENTITY
from services.identity.contract import Authenticate, RegisterUser
from services.invites.app import APP as INVITES
from services.invites.contract import InviteId, InviteList, InviteRow, Invites
from shared.auth import ANONYMOUS, Principal
from shared.bus.client import Bus
from shared.bus.context import Context
from shared.bus.kernel import WaitFor
from shared.errors import Unavailable
from shared.followers.followers import Followers
from shared.messages import Ask, Message
from shared.service import App, ServiceProcess
from tests.conftest import NewDatabase
from tests.integration.bus import bus_of
from tests.servers import Database, NatsForTests

A = TypeVar("A", bound=Message)
APPS: Mapping[str, App] = {app.name: app for app in (IDENTITY, INVITES, DEPLOYMENTS)}
MASTER_KEY = base64.b64encode(bytes(range(32))).decode()
PATIENCE = timedelta(seconds=60)
PASSWORD = "correct horse battery staple"
PUBLIC_URL = "https://aerodrome.example.com"


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in."""

    id: str = ""
    token: str = ""


NOBODY = Person()


@dataclass
class Installation:
    """Services under test, by name, and a bus that asks as the gateway does."""

    nats: NatsForTests
    databases: Mapping[str, Database]
    smtp_port: int
    gateway: Bus
    identity: Mapping[str, Any] = field(default_factory=dict[str, Any])
    running: dict[str, ServiceProcess] = field(default_factory=dict[str, ServiceProcess])
    admin: Person = NOBODY

    def settings(self, service: str) -> dict[str, Any]:
        """Return the settings of a service, as its environment would give them."""
        login = self.nats.login(service)
        own: dict[str, dict[str, Any]] = {
            "invites": {
                "smtp_port": self.smtp_port,
                "mail_from": "Aerodrome <no-reply@aerodrome.example.com>",
                "public_url": PUBLIC_URL,
            },
            "identity": {"organization_name": "Flight School", **self.identity},
        }
        return {
            "nats_url": login.url,
            "nats_user": login.user,
            "nats_password": login.password,
            "database_url": self.databases[service].app_dsn,
            "master_key": MASTER_KEY,
            **own.get(service, {}),
        }

    async def start(self, service: str) -> None:
        """Start a service in this process."""
        app = APPS[service]
        process = ServiceProcess(app, app.settings(**self.settings(service)))
        self.running[service] = process
        await process.start()

    async def stop(self, service: str) -> None:
        """Let a service leave in order."""
        await self.running.pop(service).stop()

    async def ask(
        self, message: Ask[A], asker: Person | Principal, *, message_id: UUID | None = None, keyed: bool = False
    ) -> A:
        """Return the answer once the read models of the service show it, as the gateway does."""
        principal = asker if isinstance(asker, Principal) else await self.principal(asker)
        context = Context.first(principal, patience=PATIENCE, message_id=message_id, keyed=keyed)
        answered = await self.gateway.ask(message, context)
        if answered.position:
            await self.shown(message.service(), answered.position)
        return answered.value

    async def principal(self, asker: Person) -> Principal:
        """Return who asks, with what they may do now."""
        if asker is NOBODY:
            return ANONYMOUS
        question = Authenticate(token=asker.token)
        return (await self.gateway.ask(question, Context.first(patience=PATIENCE))).value.principal

    async def shown(self, service: str, position: int, *, source: str = "") -> None:
        """Return when the read models of `service` show what was committed up to `position`."""
        wait = WaitFor(source=source, position=position, timeout_s=10)
        answer = await self.gateway.ask(wait, Context.first(patience=PATIENCE), to=service)
        assert answer.value.reached

    async def settled(self) -> None:
        """Return when invites has taken in all that identity has committed."""
        head = await self.fetch("identity", "select position from store_head")
        await self.shown("invites", head[0]["position"], source="identity")

    async def sign_up(self, email: str, *, invite_token: str = "") -> Person:
        """Return a new person, signed in."""
        signed = await self.ask(RegisterUser(email=email, password=PASSWORD, invite_token=invite_token), NOBODY)
        assert signed.session is not None
        return Person(id=signed.user.id, token=signed.session.token)

    async def invites(self, *ids: InviteId, pending_only: bool = False) -> InviteList:
        """Return the invites as the administrator sees them."""
        return await self.ask(Invites(ids=ids or None, pending_only=pending_only), self.admin)

    async def wait_for_end(self, invite_id: InviteId) -> InviteRow:
        """Return the invite once it is not pending any more."""
        await self.until("invites", "select 1 from read.invites where id = $1 and status <> 'pending'", invite_id)
        (row,) = (await self.invites(invite_id)).rows
        return row

    async def ask_when_up(self, message: Ask[A], asker: Person) -> A:
        """Return the answer of a service that may still be starting."""
        async with asyncio.timeout(30):
            while True:
                try:
                    return await self.ask(message, asker)
                except Unavailable:
                    await asyncio.sleep(0.05)

    def followers(self, service: str) -> Followers:
        """Return the followers of a service that runs in this process."""
        followers = self.running[service]._followers
        assert followers is not None
        return followers

    async def fetch(self, service: str, query: str, *values: object) -> list[asyncpg.Record]:
        """Return rows of a service's database, seen as its superuser."""
        connection = await asyncpg.connect(self.databases[service].admin_dsn)
        try:
            return await connection.fetch(query, *values)
        finally:
            await connection.close()

    async def until(self, service: str, query: str, *values: object, timeout_s: float = 30.0) -> None:
        """Return once the query finds a row in a service's database."""
        connection = await asyncpg.connect(self.databases[service].admin_dsn)
        try:
            async with asyncio.timeout(timeout_s):
                while not await connection.fetch(query, *values):
                    await asyncio.sleep(0.02)
        finally:
            await connection.close()


@asynccontextmanager
async def installation(
    database: NewDatabase,
    nats: NatsForTests,
    *,
    smtp_port: int,
    services: tuple[str, ...] = ("identity", "invites"),
    identity: Mapping[str, Any] | None = None,
) -> AsyncGenerator[Installation]:
    """Run services while the block runs; its administrator has signed up."""
    databases = {name: await database(name) for name in {"identity", "invites", *services}}
    async with AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(bus_of(nats, "gateway"))
        made = Installation(
            nats=nats, databases=databases, smtp_port=smtp_port, gateway=gateway, identity=identity or {}
        )
        stack.push_async_callback(_stop_all, made)
        for name in services:
            await made.start(name)
        made.admin = await made.sign_up("admin@example.com")
        yield made


async def _stop_all(made: Installation) -> None:
    for name in reversed(list(made.running)):
        await made.stop(name)


def environment(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return settings as the environment of a process."""
    plain = {
        key: value.get_secret_value() if isinstance(value, SecretStr) else value for key, value in settings.items()
    }
    return {f"AERODROME_{key.upper()}": str(value) for key, value in plain.items()}
