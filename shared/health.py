"""The health door of a process: `/healthz`, `/readyz` and `/metrics`."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

Checks = Mapping[str, Callable[[], Awaitable[bool]]]
"""What readiness asks: each part by name, True when it is there."""

_CHECK_S: Final = 3.0
_CLOSE_S: Final = 1.0


class Health:
    """A small HTTP server beside the process's own work, for probes and for Prometheus."""

    def __init__(self, checks: Checks) -> None:
        self.port = 0
        self._checks = checks
        self._leaving = False
        application = web.Application()
        application.add_routes(
            [web.get("/healthz", self._alive), web.get("/readyz", self._ready), web.get("/metrics", _metrics)]
        )
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=_CLOSE_S)

    @classmethod
    async def start(cls, *, host: str, port: int, checks: Checks) -> "Health":
        """Return the listening server; port 0 takes a free one, to be read from `port`."""
        health = cls(checks)
        await health._runner.setup()
        await web.TCPSite(health._runner, host, port).start()
        health.port = int(health._runner.addresses[0][1])
        return health

    async def missing(self) -> list[str]:
        """Return the names of the parts that are not there."""
        found = await asyncio.gather(*(_answers(check) for check in self._checks.values()))
        return [name for name, there in zip(self._checks, found, strict=True) if not there]

    def leaving(self) -> None:
        """Answer 503 on /readyz from now on."""
        self._leaving = True

    async def stop(self) -> None:
        """Close the door."""
        await self._runner.cleanup()

    async def _alive(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    async def _ready(self, _: web.Request) -> web.Response:
        if self._leaving:
            return web.json_response({"status": "leaving"}, status=503)
        missing = await self.missing()
        if missing:
            return web.json_response({"status": "not ready", "missing": missing}, status=503)
        return web.json_response({"status": "ready"})


async def _metrics(_: web.Request) -> web.Response:
    return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def _answers(check: Callable[[], Awaitable[bool]]) -> bool:
    try:
        async with asyncio.timeout(_CHECK_S):
            return await check()
    except TimeoutError:
        return False
