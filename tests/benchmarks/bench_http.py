"""Requests/s and delays of `createWorkspace` and `self` over HTTP, against `aerodrome up` on this machine.

`self` is asked by one caller on all connections, and by another caller on each.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import aiohttp
import uvloop

from tests.acceptance.client import Houston
from tests.acceptance.conftest import PASSWORD, SIGN_UP
from tests.acceptance.stack import running

CLIENTS = 32
SECONDS = 8.0
SELF = "{ self { user { id username } permissions } }"
LOADS = {  # the document, and how many callers ask; `self` comes first, for a role on each workspace makes it slower
    "self": (SELF, 1),
    f"self of {CLIENTS}": (SELF, CLIENTS),
    "createWorkspace": ('mutation { createWorkspace(label: "bench") { id label } }', 1),
}
OPEN = {"AERODROME_PUBLIC_SIGNUPS": "true", "AERODROME_EMAIL_CONFIRMATION": "false"}


async def _client(
    session: aiohttp.ClientSession, url: str, token: str, body: bytes, until: float, delays: list[float]
) -> None:
    headers = {"Authorization": token}
    while (start := time.perf_counter()) < until:
        async with session.post(f"{url}/v1", data=body, headers=headers) as response:
            answer = await response.json()
        if "errors" in answer:
            raise RuntimeError(str(answer["errors"]))
        delays.append(time.perf_counter() - start)


async def load(url: str, tokens: Sequence[str], document: str) -> list[float]:
    """Return the delay in s of every request that `CLIENTS` connections sent, one after another each, in `SECONDS`.

    The connections take turns with the tokens.
    """
    headers = {"Content-Type": "application/json"}
    body, delays = json.dumps({"query": document}).encode(), list[float]()
    connector = aiohttp.TCPConnector(limit=CLIENTS)
    async with aiohttp.ClientSession(headers=headers, connector=connector) as session:
        until = time.perf_counter() + SECONDS
        turns = (tokens[n % len(tokens)] for n in range(CLIENTS))
        await asyncio.gather(*(_client(session, url, token, body, until, delays) for token in turns))
    return delays


def generate(url: str, tokens: Sequence[str], name: str) -> None:
    """Load one document and print its line; runs in a process of its own."""
    document, callers = LOADS[name]
    delays = sorted(uvloop.run(load(url, tokens[:callers], document)))
    p50, p99 = statistics.median(delays), delays[int(len(delays) * 0.99)]
    print(f"{name:16} {len(delays) / SECONDS:8.0f} requests/s   p50 {p50 * 1000:6.1f} ms   p99 {p99 * 1000:6.1f} ms")


async def _tokens(url: str) -> list[str]:
    """Return the tokens of as many new persons as there are connections."""
    async with aiohttp.ClientSession() as session:
        people = ({"email": f"bench{n}@example.com", "password": PASSWORD} for n in range(CLIENTS))
        signed = [await Houston(url, session).run(SIGN_UP, person) for person in people]
        return [each["createUser"]["token"]["value"] for each in signed]


def main() -> None:
    """Start the product in a private folder and load each document from a second process."""
    print(f"HTTP, {CLIENTS} connections, {SECONDS:.0f} s each, {os.cpu_count()} cores shared with the load generator")
    os.environ.update(OPEN)
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "aerodrome") as stack:
        tokens = asyncio.run(_tokens(stack.url))
        for name in LOADS:
            command = [sys.executable, "-m", "tests.benchmarks.bench_http", stack.url, name]
            subprocess.run(command, check=True, env={**os.environ, "BENCH_TOKENS": json.dumps(tokens)})


if __name__ == "__main__":
    if len(sys.argv) == 3:
        generate(sys.argv[1], json.loads(os.environ["BENCH_TOKENS"]), sys.argv[2])
    else:
        main()
