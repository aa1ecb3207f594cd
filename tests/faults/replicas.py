"""Processes of services that a test starts itself, beside those of `aerodrome up` or without it."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from shared.servers.process import free_port

READY_S = 30.0
PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR")


@dataclass
class Replica:
    """One process of a service; `log` is the file that it writes to."""

    child: asyncio.subprocess.Process
    health: str
    log: Path

    async def missing(self) -> list[str] | None:
        """Return what its health door misses, nothing when it is ready; None while the door is not open."""
        assert self.child.returncode is None, self.log.read_text(encoding="utf-8")
        try:
            async with aiohttp.ClientSession() as session, session.get(f"{self.health}/readyz") as response:
                return list((await response.json()).get("missing", []))
        except aiohttp.ClientConnectionError:
            return None

    async def until_missing(self, *parts: str) -> None:
        """Wait until its health door misses exactly `parts`."""
        async with asyncio.timeout(READY_S):
            while await self.missing() != list(parts):
                await asyncio.sleep(0.02)

    async def kill(self) -> None:
        """Send SIGKILL and wait for the end: the process can save nothing."""
        if self.child.returncode is None:
            self.child.send_signal(signal.SIGKILL)
        await self.child.wait()

    def handled(self) -> list[str]:
        """Return the names of the commands that it says it has handled."""
        lines = [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines() if line.startswith("{")]
        return [line["command"] for line in lines if line.get("message") == "command handled"]


@asynccontextmanager
async def replica(name: str, environment: Mapping[str, str], *, log: Path) -> AsyncGenerator[Replica]:
    """Run `aerodrome run NAME` with this environment while the block runs; returns at once, ready or not."""
    port = free_port()
    passed = {key: os.environ[key] for key in PASSED_ON if key in os.environ}
    with log.open("ab") as written:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "services.cli", "run", name),
            env={**passed, **environment, "AERODROME_HEALTH_PORT": str(port)},
            stdout=written,
            stderr=asyncio.subprocess.STDOUT,
        )
    started = Replica(child, f"http://127.0.0.1:{port}", log)
    try:
        yield started
    finally:
        await started.kill()
