"""Child processes that end with us: the shim's command line, free ports, start, stop and kill."""

import os
import secrets
import signal
import socket
import subprocess  # starts only programs of our own environment
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shared.errors import Unavailable
from shared.servers.accounts import Account

LAUNCH = Path(__file__).with_name("launch.py")
LISTENING_PORTS = range(15_000, 32_000)


_given: deque[int] = deque(maxlen=1000)


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on now and that was not returned lately.

    It lies below the range that systems take for outgoing connections: from that range, a client that
    knocks while the server restarts may be given the server's own port, and keep it.
    """
    while True:
        port = secrets.choice(LISTENING_PORTS)
        if port in _given:  # who asked for it may not listen yet
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.append(port)
        return port


@dataclass(frozen=True, kw_only=True)
class Launch:
    """How the shim starts a program; see launch.py.

    `parent` is a pid or `@file` with a pid. The death signal fires when the *thread* that started the
    program ends, so programs are started from the main thread.
    """

    program: Sequence[str]
    death_signal: str = "KILL"
    parent: str = ""
    lock: Path | None = None
    stale: Sequence[Path] = ()
    pace_s: float = 0.0
    account: Account | None = None
    folder: Path | None = None
    environment: Path | None = None  # JSON file with the whole environment; None: ours

    def command(self) -> list[str]:
        """Return the whole command line, shim first."""
        words = [sys.executable, "-I", "-S", str(LAUNCH), "--death-signal", self.death_signal]
        if self.parent:
            words += ["--parent", self.parent]
        if self.lock:
            words += ["--lock", str(self.lock), "--pace", str(self.pace_s)]
        for path in self.stale:
            words += ["--stale", str(path)]
        if self.account:
            words += ["--account", f"{self.account.uid}:{self.account.gid}"]
        if self.folder:
            words += ["--folder", str(self.folder)]
        if self.environment:
            words += ["--environment", str(self.environment)]
        return [*words, "--", *self.program]


@dataclass
class Child:
    """A running program; its output goes to a file."""

    process: subprocess.Popen[bytes]
    output: Path
    stop_signal: signal.Signals = field(default=signal.SIGTERM, kw_only=True)

    @property
    def pid(self) -> int:
        """Process id; the shim keeps it over its exec."""
        return self.process.pid

    def wait_until(self, ready: Callable[[], bool], *, timeout_s: float, poll_s: float = 0.01) -> None:
        """Return when `ready()`; raise Unavailable with the last output if the program ends or time is up."""
        end = time.monotonic() + timeout_s
        while not ready():
            if self.process.poll() is not None:
                raise Unavailable(f"{self._name()} ended with {self.process.returncode}: {self.last_output()}")
            if time.monotonic() > end:
                raise Unavailable(f"{self._name()} is not ready after {timeout_s:g} s: {self.last_output()}")
            time.sleep(poll_s)

    def stop(self, *, timeout_s: float = 10.0) -> None:
        """Ask it to end and wait; kill it when it takes longer than `timeout_s`."""
        if self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it with SIGKILL and wait."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def last_output(self, *, size: int = 2000) -> str:
        """Return the end of what it has written."""
        return self.output.read_text(encoding="utf-8", errors="replace")[-size:]

    def _name(self) -> str:
        return self.output.stem


def start(
    launch: Launch,
    *,
    output: Path,
    environment: Mapping[str, str] | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
) -> Child:
    """Start a program as our child in a session of its own, so that ctrl-C reaches only us."""
    with output.open("ab") as sink:
        process = subprocess.Popen(
            launch.command(),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env=dict(os.environ if environment is None else environment),
            start_new_session=True,
        )
    return Child(process, output, stop_signal=stop_signal)


def run(launch: Launch, *, timeout_s: float) -> str:
    """Run a program to its end and return its output; raise Unavailable if it fails."""
    try:
        done = subprocess.run(
            launch.command(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"{launch.program[0]} took more than {timeout_s:g} s") from error
    text = done.stdout.decode(errors="replace")
    if done.returncode != 0:
        raise Unavailable(f"{launch.program[0]} ended with {done.returncode}: {text[-2000:]}")
    return text
