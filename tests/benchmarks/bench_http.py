"""Requests/s and delays of `createWorkspace` and `self` over HTTP, against `aerodrome up` on this machine."""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
import uvloop

from tests.acceptance.client import Houston
from tests.acceptance.conftest import PASSWORD, SIGN_UP
from tests.acceptance.stack import running

CLIENTS = 32
SECONDS = 8.0
DOCUMENTS = {
    "createWorkspace": 'mutation { createWorkspace(label: "bench") { id label } }',
    "self": "{ self { user { id username } permissions } }",
}


async def _client(session: aiohttp.ClientSession, url: str, body: bytes, until: float, delays: list[float]) -> None:
    while (start := time.perf_counter()) < until:
        async with session.post(f"{url}/v1", data=body) as response:
            answer = await response.json()
        if "errors" in answer:
            raise RuntimeError(str(answer["errors"]))
        delays.append(time.perf_counter() - start)


async def load(url: str, token: str, document: str) -> list[float]:
    """Return the delay in s of every request that `CLIENTS` connections sent, one after another each, in `SECONDS`."""
    headers = {"Authorization": token, "Content-Type": "application/json"}
    body, delays = json.dumps({"query": document}).encode(), list[float]()
    connector = aiohttp.TCPConnector(limit=CLIENTS)
    async with aiohttp.ClientSession(headers=headers, connector=connector) as session:
        until = time.perf_counter() + SECONDS
        await asyncio.gather(*(_client(session, url, body, until, delays) for _ in range(CLIENTS)))
    return delays


def generate(url: str, token: str, name: str) -> None:
    """Load one document and print its line; runs in a process of its own."""
    delays = sorted(uvloop.run(load(url, token, DOCUMENTS[name])))
    p50, p99 = statistics.median(delays), delays[int(len(delays) * 0.99)]
    print(f"{name:16} {len(delays) / SECONDS:8.0f} requests/s   p50 {p50 * 1000:6.1f} ms   p99 {p99 * 1000:6.1f} ms")


async def _token(url: str) -> str:
    async with aiohttp.ClientSession() as session:
        signed = await Houston(url, session).run(SIGN_UP, {"email": "bench@example.com", "password": PASSWORD})
        token: str = signed["createUser"]["token"]["value"]
        return token


def main() -> None:
    """Start the product in a private folder and load each document from a second process."""
    print(f"HTTP, {CLIENTS} connections, {SECONDS:.0f} s each, {os.cpu_count()} cores shared with the load generator")
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "aerodrome") as stack:
        token = asyncio.run(_token(stack.url))
        for name in DOCUMENTS:
            command = [sys.executable, "-m", "tests.benchmarks.bench_http", stack.url, name]
            subprocess.run(command, check=True, env={**os.environ, "BENCH_TOKEN": token})


if __name__ == "__main__":
    if len(sys.argv) == 3:
        generate(sys.argv[1], os.environ["BENCH_TOKEN"], sys.argv[2])
    else:
        main()
