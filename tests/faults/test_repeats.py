"""The gateway's own repeat of a command whose first answer died with its service."""

import asyncio
import base64
import re
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import asyncpg

from shared.servers.process import free_port
from tests.acceptance.client import Houston
from tests.acceptance.conftest import PASSWORD, SIGN_UP
from tests.conftest import NewDatabase
from tests.faults.proxy import Proxy
from tests.faults.replicas import Replica, replica
from tests.servers import Database, NatsForTests

CREATE = 'mutation { createServiceAccount(label: "ci", entityType: SYSTEM, role: SYSTEM_ADMIN) { id apiKey } }'
LIST = "{ serviceAccounts(entityType: SYSTEM) { id apiKey } }"
SUBJECT = b"identity.command.create_service_account"


@dataclass
class Site:
    """Servers of one test, on which it starts identity and the gateway."""

    nats: NatsForTests
    database: Database
    folder: Path

    def proxy(self, trigger: bytes = b"") -> Proxy:
        """Return a way to NATS that is closed at first."""
        target = urlsplit(self.nats.url).port
        assert target is not None
        return Proxy(free_port(), target, trigger)

    @asynccontextmanager
    async def identity(self, proxy: Proxy) -> AsyncGenerator[Replica]:
        """Run an identity that reaches NATS through `proxy`."""
        environment = self._login("identity") | {
            "AERODROME_NATS_URL": f"nats://127.0.0.1:{proxy.port}",
            "AERODROME_DATABASE_URL": self.database.app_dsn,
            "AERODROME_MASTER_KEY": base64.b64encode(bytes(range(32))).decode(),
        }
        async with replica("identity", environment, log=self.folder / f"identity-{proxy.port}.log") as started:
            try:
                yield started
            finally:
                await proxy.close()

    @asynccontextmanager
    async def gateway(self) -> AsyncGenerator[str]:
        """Run a gateway and return its address."""
        port = free_port()
        environment = self._login("gateway") | {"AERODROME_PORT": str(port)}
        async with replica("gateway", environment, log=self.folder / "gateway.log") as started:
            await started.until_missing()
            yield f"http://127.0.0.1:{port}"

    async def until_stored(self, type_name: str) -> None:
        """Wait until an event of this type is committed."""
        connection = await asyncpg.connect(self.database.admin_dsn)
        try:
            async with asyncio.timeout(5):
                while not await connection.fetchval("select count(*) from events where type_name = $1", type_name):
                    await asyncio.sleep(0.005)
        finally:
            await connection.close()

    def _login(self, user: str) -> dict[str, str]:
        login = self.nats.login(user)
        return {
            "AERODROME_NATS_URL": login.url,
            "AERODROME_NATS_USER": login.user,
            "AERODROME_NATS_PASSWORD": login.password,
        }


async def test_a_key_is_shown_though_its_service_was_killed_between_commit_and_answer(
    database: NewDatabase, nats_server: NatsForTests, private_folder: Path
) -> None:
    site = Site(nats_server, await database("identity"), private_folder)
    holding, later = site.proxy(trigger=SUBJECT), site.proxy()
    await holding.open()
    async with (
        site.identity(holding) as killed,
        site.identity(later) as other,
        site.gateway() as url,
        aiohttp.ClientSession() as session,
    ):
        await killed.until_missing()
        await other.until_missing("nats", "service")  # it stands ready behind a closed way
        anonymous = Houston(url, session)
        signed = await anonymous.run(SIGN_UP, {"email": "ann@example.com", "password": PASSWORD})
        admin = anonymous.as_(signed["createUser"]["token"]["value"])

        began = time.monotonic()
        asked = asyncio.create_task(admin.run(CREATE))
        await site.until_stored("credential.created")
        await holding.until_held(b"PUB _INBOX_gateway.")
        assert not asked.done()
        await killed.kill()
        await later.open()
        made = (await asked)["createServiceAccount"]
        print(f"the key was shown {time.monotonic() - began:.2f} s after it was asked for")

        assert re.fullmatch("[0-9a-f]{32}", made["apiKey"])
        assert other.handled() == ["CreateServiceAccount"]
        script = anonymous.as_(made["apiKey"])
        masked = {"id": made["id"], "apiKey": made["apiKey"][:6].ljust(32, "*")}
        assert (await script.run(LIST))["serviceAccounts"] == [masked]
