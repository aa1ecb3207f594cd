"""A whole Aerodrome as a user starts it: `aerodrome up` in a private folder on a free port."""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path

from shared.servers.process import free_port

START_S = 60
STOP_S = 30


@dataclass
class Stack:
    """A running product: its URL, data folder and the first user's address."""

    url: str
    data: Path
    process: "subprocess.Popen[bytes]"
    admin_email: str = "admin@example.com"

    async def mailed_token(self, address: str, *, timeout_s: float = 10) -> str:
        """Return the token of the newest link mailed to `address`; wait for the mail up to `timeout_s`."""
        async with asyncio.timeout(timeout_s):
            while True:
                for body in self.mails(address):
                    found = re.search(r"[?&]token=([^\s\"&<#]+)", body)
                    if found:
                        return found.group(1)
                await asyncio.sleep(0.02)

    def mails(self, address: str) -> list[str]:
        """Return the text parts of the mails to `address`, newest first."""
        bodies: list[str] = []
        for path in sorted(
            (self.data / "mail" / "new").glob("*"), key=lambda one: one.stat().st_mtime_ns, reverse=True
        ):
            message = message_from_bytes(path.read_bytes(), policy=policy.default)
            if address in str(message["To"]):
                part = message.get_body(("plain",))
                bodies.append(part.get_content() if part else "")
        return bodies


def _wait_until_ready(process: "subprocess.Popen[bytes]", output: Path) -> str:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(r"ready: (http://127\.0\.0\.1:\d+)", output.read_text())
        if found:
            return found.group(1)
        time.sleep(0.05)
    raise AssertionError("up was not ready:\n" + output.read_text())


@contextlib.contextmanager
def running_in(quick_folder: Path, kept: Path) -> Generator[Stack]:
    """As `running`, on new data in a quick folder, which go at the end; what was logged stays in `kept`.

    On a disk a product takes seconds longer to start and to end: Postgres syncs its 1,200 files.
    """
    folder = Path(tempfile.mkdtemp(dir=quick_folder))
    folder.chmod(0o711)
    data = folder / "data"
    try:
        with running(data) as stack:
            yield stack
    finally:
        shutil.copytree(data / "logs", kept / "logs", dirs_exist_ok=True)
        shutil.copy(data.with_name(data.name + ".out"), kept)
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def running(data: Path, port: int | None = None, *, driver: str = "simulated") -> Generator[Stack]:
    """Run `aerodrome up` on `data`; end it with SIGTERM, as an init system does.

    Deployments are simulated unless `driver` says otherwise: an Airflow takes longer than most tests.
    """
    data.mkdir(parents=True, exist_ok=True)
    output = data.with_name(data.name + ".out")
    ours = {"AERODROME_DATA": str(data), "AERODROME_PORT": str(port or free_port()), "AERODROME_DRIVER": driver}
    environment = {**os.environ, **ours}
    command = [str(Path(sys.executable).parent / "aerodrome"), "up"]
    with output.open("wb") as written:
        process = subprocess.Popen(command, env=environment, stdout=written, stderr=subprocess.STDOUT)
    try:
        yield Stack(url=_wait_until_ready(process, output), data=data, process=process)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
