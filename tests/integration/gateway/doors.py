"""A running gateway and clients of it, as tests use them."""

import io
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from pydantic import SecretStr

from services.gateway.app import GatewayProcess
from services.gateway.settings import GatewaySettings
from tests.servers import NatsForTests


@dataclass
class Door:
    """The public door of a gateway, and a client session to knock with."""

    process: GatewayProcess
    session: aiohttp.ClientSession
    url: str

    async def post(
        self, body: Any = None, *, data: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """Return status and JSON of a POST to /v1, of a JSON body or of raw bytes."""
        raw = json.dumps(body).encode() if data is None else data
        typed = {"Content-Type": "application/json", **(headers or {})}
        async with self.session.post(f"{self.url}/v1", headers=typed, data=io.BytesIO(raw)) as response:
            return response.status, await response.json()

    async def run(self, document: str, token: str = "", **variables: Any) -> dict[str, Any]:
        """Return the whole answer to a document."""
        headers = {"Authorization": token} if token else {}
        _, answer = await self.post({"query": document, "variables": variables}, headers=headers)
        found: dict[str, Any] = answer
        return found

    def socket(self, *protocols: str, path: str = "/ws", origin: str | None = None) -> Any:
        """Return a socket to be entered."""
        return self.session.ws_connect(f"{self.url}{path}", protocols=protocols, origin=origin)


@asynccontextmanager
async def open_door(nats: NatsForTests, *, port: int = 0, **settings: Any) -> AsyncGenerator[Door]:
    """Run a gateway while the block runs, on a free port unless one is given."""
    login = nats.login("gateway")
    process = GatewayProcess(
        GatewaySettings(
            nats_url=login.url,
            nats_user=login.user,
            nats_password=SecretStr(login.password),
            port=port,
            **settings,
        )
    )
    try:
        await process.start()
        async with aiohttp.ClientSession() as session:
            yield Door(process, session, f"http://127.0.0.1:{process.port}")
    finally:
        await process.stop()
