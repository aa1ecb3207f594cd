"""How long refused sign-ins take, whatever is wrong; and what a storm of sign-ins does to everybody else."""

import asyncio
import bisect
import json
import os
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

ATTEMPTS = 90  # of each kind; a hundred failures would shut the account for strangers
LOGINS = 200
IDLE_S = 8.0
SIGN_IN = "mutation ($i: String, $p: String!) { createToken(identity: $i, password: $p) { token { value } } }"
SELF = "{ self { user { id username } permissions } }"
OPEN = {
    "AERODROME_PUBLIC_SIGNUPS": "true",
    "AERODROME_EMAIL_CONFIRMATION": "false",
    "AERODROME_TRUSTED_PROXIES": "127.0.0.1",
}
KNOWN, LOCKED = "bench@example.com", "locked@example.com"


async def ask(session: aiohttp.ClientSession, document: str, source: str = "", **variables: str) -> tuple[float, bool]:
    """Return how long an answer took in s, and whether it was one without errors."""
    body = json.dumps({"query": document, "variables": variables}).encode()
    headers = {"X-Forwarded-For": source} if source else {}
    began = time.perf_counter()
    async with session.post("/v1", data=body, headers=headers) as response:
        answer = await response.json()
    return time.perf_counter() - began, "errors" not in answer


def client(url: str, token: str = "") -> aiohttp.ClientSession:
    """Return a session of a client without a limit of connections."""
    headers = {"Content-Type": "application/json", **({"Authorization": token} if token else {})}
    return aiohttp.ClientSession(url, headers=headers, connector=aiohttp.TCPConnector(limit=0))


async def refusals(url: str) -> dict[str, list[float]]:
    """Return the delays of refused sign-ins, one of each kind at once, each from a source of its own."""
    delays: dict[str, list[float]] = {"unknown identity": [], "wrong password": [], "locked account": []}
    async with client(url) as session:
        for _ in range(10):
            await ask(session, SIGN_IN, "203.0.113.1", i=LOCKED, p="a wrong one")
        for n in range(ATTEMPTS):
            kinds = [
                ("unknown identity", f"2001:db8:1:{n:x}::1", f"nobody{n}@example.com", "a wrong one"),
                ("wrong password", f"2001:db8:2:{n:x}::1", KNOWN, "a wrong one"),
                ("locked account", "203.0.113.1", LOCKED, PASSWORD),
            ]
            turn = [*kinds[n % 3 :], *kinds[: n % 3]]  # who comes first waits for no other's hash
            found = await asyncio.gather(
                *(ask(session, SIGN_IN, source, i=who, p=word) for _, source, who, word in turn)
            )
            for (name, *_), (spent, answered) in zip(turn, found, strict=True):
                assert not answered, name
                delays[name].append(spent)
    return delays


def difference(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the largest distance between two empirical distributions (Kolmogorov and Smirnov)."""
    first, second = sorted(one), sorted(other)
    return max(
        abs(bisect.bisect_right(first, at) / len(first) - bisect.bisect_right(second, at) / len(second))
        for at in [*first, *second]
    )


def quantile(delays: Sequence[float], part: float) -> float:
    """Return a quantile of delays in ms."""
    ordered = sorted(delays)
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)] * 1000


def show_refusals(delays: dict[str, list[float]]) -> None:
    """Print the distributions and how far they are apart."""
    for name, each in delays.items():
        line = "   ".join(f"{label} {quantile(each, part):6.1f}" for label, part in (("p50", 0.5), ("p95", 0.95)))
        print(f"{name:18} n {len(each)}   {line}   max {max(each) * 1000:6.1f} ms")
    noise = 1.36 * (2 / ATTEMPTS) ** 0.5
    kinds = list(delays)
    for n, kind in enumerate(kinds):
        for other in kinds[n + 1 :]:
            apart = difference(delays[kind], delays[other])
            print(f"{kind} / {other}: distance {apart:.3f}; below {noise:.3f} is noise at 5 %")


async def storm(url: str) -> None:
    """Send all sign-ins at once and print how they ended; runs in a process of its own."""
    async with client(url) as session:
        began = time.perf_counter()
        ended = await asyncio.gather(*(ask(session, SIGN_IN, i=KNOWN, p=PASSWORD) for _ in range(LOGINS)))
        delays = [spent for spent, _ in ended]
        good = sum(answered for _, answered in ended)
        print(
            f"{LOGINS} sign-ins at once: {good} signed in within {time.perf_counter() - began:.1f} s, "
            f"p50 {quantile(delays, 0.5):.0f} ms, max {max(delays) * 1000:.0f} ms",
            flush=True,
        )


async def others(url: str, token: str) -> None:
    """Print what another client's `self` takes while nothing happens, and while the storm does."""
    async with client(url, token) as session:
        idle = await _until(session, time.perf_counter() + IDLE_S, None)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.benchmarks.bench_sign_in", "storm", url
        )
        during = await _until(session, 0.0, process)
    for name, delays in (("idle", idle), ("in the storm", during)):
        print(
            f"self, {name:12} n {len(delays):5}   p50 {quantile(delays, 0.5):6.1f}   p99 {quantile(delays, 0.99):6.1f}"
            f"   max {max(delays) * 1000:6.1f} ms"
        )
    print(f"p99 in the storm is {quantile(during, 0.99) / quantile(idle, 0.99):.1f} times the idle one; 5 is the most")


async def _until(session: aiohttp.ClientSession, end: float, process: asyncio.subprocess.Process | None) -> list[float]:
    """Return the delays of `self`, one after another, until a time or as long as a process lives."""
    delays: list[float] = []
    while time.perf_counter() < end or (process is not None and process.returncode is None):
        spent, answered = await ask(session, SELF)
        assert answered
        delays.append(spent)
        await asyncio.sleep(0.005)
    return delays


def memory(root: int) -> dict[str, float]:
    """Return the resident MB of identity and the gateway below a process."""
    found: dict[str, float] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if b"services.cli" in words and _is_below(int(folder.name), root):
                pages = int((folder / "statm").read_text().split()[1])
                found[words[-2].decode()] = pages * os.sysconf("SC_PAGE_SIZE") / 1e6
        except (OSError, ValueError):
            continue
    return {name: found[name] for name in ("identity", "gateway") if name in found}


def _is_below(pid: int, root: int) -> bool:
    while pid > 1:
        if pid == root:
            return True
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return False


async def _sign_up(url: str) -> str:
    async with aiohttp.ClientSession() as session:
        houston = Houston(url, session)
        signed = await houston.run(SIGN_UP, {"email": KNOWN, "password": PASSWORD})
        await houston.run(SIGN_UP, {"email": LOCKED, "password": PASSWORD})
        token: str = signed["createUser"]["token"]["value"]
    return token


def main() -> None:
    """Start the product in a private folder, measure refusals, then a storm."""
    print(f"sign-in over HTTP, {os.cpu_count()} cores shared with the load generators")
    os.environ.update(OPEN)
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "aerodrome") as stack:
        token = uvloop.run(_sign_up(stack.url))
        show_refusals(uvloop.run(refusals(stack.url)))
        before = memory(stack.process.pid)
        command = [sys.executable, "-m", "tests.benchmarks.bench_sign_in", "others", stack.url]
        subprocess.run(command, check=True, env={**os.environ, "BENCH_TOKEN": token})
        for name, after in memory(stack.process.pid).items():
            print(f"{name}: {before.get(name, 0.0):.0f} MB resident before the storm, {after:.0f} MB after")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        uvloop.run(storm(sys.argv[2]) if sys.argv[1] == "storm" else others(sys.argv[2], os.environ["BENCH_TOKEN"]))
    else:
        main()
