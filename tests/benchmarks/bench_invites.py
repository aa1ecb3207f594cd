"""Invites made by 16 clients over HTTP, and their mails, against `aerodrome up` with a mail server in its own process.

BENCH_INVITES sets how many. The mail server is the catcher, which syncs each mail to the disk.
"""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import psutil
import uvloop

from tests.acceptance.client import Houston
from tests.acceptance.conftest import PASSWORD, SIGN_UP
from tests.acceptance.stack import Stack, running
from tests.faults.processes import process_of

CLIENTS = 16
MANY = int(os.environ.get("BENCH_INVITES", "2000"))
INVITE = "mutation ($email: String!) { inviteUser(email: $email) { id } }"
PROCESSES = ("identity", "invites", "gateway", "mailcatcher", "postgres", "nats")
STALLED_S = 60.0  # without one more mail


async def _client(admin: Houston, numbers: Sequence[int], delays: list[float]) -> None:
    for number in numbers:
        start = time.perf_counter()
        await admin.run(INVITE, {"email": f"person{number}@example.com"})
        delays.append(time.perf_counter() - start)


async def invite(admin: Houston) -> list[float]:
    """Return the delay in s of each of `MANY` invites."""
    delays: list[float] = []
    await asyncio.gather(*(_client(admin, range(start, MANY, CLIENTS), delays) for start in range(CLIENTS)))
    return sorted(delays)


def arrived(folder: Path) -> int:
    """Return how many mails a Maildir holds."""
    return sum(1 for _ in folder.glob("new/*"))


async def until_mailed(folder: Path) -> None:
    """Return when every invite's mail has arrived; raise RuntimeError where no more come."""
    seen, moved = 0, time.monotonic()
    while seen < MANY:
        await asyncio.sleep(0.1)
        now = arrived(folder)
        if now > seen:
            seen, moved = now, time.monotonic()
        elif time.monotonic() - moved > STALLED_S:
            raise RuntimeError(f"{seen} of {MANY} mails arrived, and no more")


@dataclass
class Watch:
    """What the processes of a product use: resident memory in MiB before and at most, and CPU time in s."""

    stack: Stack

    def __post_init__(self) -> None:
        self.processes = {name: process_of(self.stack, name) for name in PROCESSES}
        self.before = self._memory()
        self.peak = dict(self.before)
        self._cpu_s = self._cpu()

    async def run(self) -> None:
        """Look at the memory twice a second, until it is cancelled."""
        while True:
            self.peak = {name: max(self.peak[name], now) for name, now in self._memory().items()}
            await asyncio.sleep(0.5)

    def used_s(self) -> dict[str, float]:
        """Return the CPU time since the beginning, of Postgres with the sessions that are open still."""
        return {name: now - self._cpu_s[name] for name, now in self._cpu().items()}

    def _memory(self) -> dict[str, int]:
        return {name: process.memory_info().rss >> 20 for name, process in self.processes.items()}

    def _cpu(self) -> dict[str, float]:
        return {name: sum(map(_cpu_s, [each, *each.children()])) for name, each in self.processes.items()}


def _cpu_s(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return times.user + times.system


async def measure(stack: Stack) -> None:
    """Invite, wait for the mails, and print what it took."""
    async with aiohttp.ClientSession() as session:
        anonymous = Houston(stack.url, session)
        signed = await anonymous.run(SIGN_UP, {"email": stack.admin_email, "password": PASSWORD})
        admin = anonymous.as_(signed["createUser"]["token"]["value"])
        watch = Watch(stack)
        watching = asyncio.create_task(watch.run())
        start = time.perf_counter()
        mailed = asyncio.create_task(until_mailed(stack.data / "mail"))
        delays = await invite(admin)
        took_s = time.perf_counter() - start
        await mailed
        mailed_s = time.perf_counter() - start
        watching.cancel()
    p50, p99 = statistics.median(delays), delays[int(len(delays) * 0.99)]
    print(f"invites      {MANY / took_s:6.0f}/s   p50 {p50 * 1000:6.1f} ms   p99 {p99 * 1000:6.1f} ms")
    print(f"mails        {MANY / mailed_s:6.0f}/s   the last one {mailed_s - took_s:.1f} s after the last invite")
    for name, used_s in watch.used_s().items():
        ram = f"{watch.before[name]} MiB before, at most {watch.peak[name]} MiB"
        print(f"{name:12} {used_s / MANY * 1000:6.1f} ms CPU an invite   {ram}")


def main() -> None:
    """Start the product in a private folder and load it from this process."""
    load = ", ".join(f"{each:.1f}" for each in psutil.getloadavg())
    print(f"{MANY} invites by {CLIENTS} clients, {os.cpu_count()} cores shared with them, load before {load}")
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "aerodrome") as stack:
        uvloop.run(measure(stack))


if __name__ == "__main__":
    main()
