"""`aerodrome up` as people meet it: killed in every way, started twice, and back with its data."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
import psutil
import pytest

from shared.servers.process import free_port
from tests.acceptance.client import Houston
from tests.acceptance.stack import Stack, running

ROOT = Path(__file__).parents[2]
AERODROME = str(Path(sys.executable).parent / "aerodrome")
SIGN_UP = """mutation { createUser(email: "first@example.com", password: "correct horse battery") { user { id } } }"""
SIGN_IN = """mutation { createToken(identity: "first@example.com", password: "correct horse battery") {
  user { id } token { value } } }"""
GONE_S = 30

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def data(session_folder: Path) -> Path:
    """A data folder on the disk for all of them: each `up` goes on with what the one before has left."""
    folder = Path(tempfile.mkdtemp(dir=session_folder))
    folder.chmod(0o711)
    return folder / "data"


def family(pid: int) -> list[psutil.Process]:
    """Return a process and everything below it."""
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


def names(processes: list[psutil.Process]) -> str:
    """Return the command lines of processes as one text."""
    return "\n".join(" ".join(process.cmdline()) for process in processes)


def assert_gone(processes: list[psutil.Process]) -> None:
    """Return when none of the processes is left; fail after 30 s."""
    _, left = psutil.wait_procs(processes, timeout=GONE_S)
    assert [process.pid for process in left] == []


def environment(data: Path, port: int) -> dict[str, str]:
    """Return what a person's shell would hold."""
    return {**os.environ, "AERODROME_DATA": str(data), "AERODROME_PORT": str(port)}


def run_up(data: Path, port: int) -> "subprocess.CompletedProcess[str]":
    """Run an `up` that is expected to end by itself."""
    command = [AERODROME, "up"]
    return subprocess.run(command, env=environment(data, port), capture_output=True, text=True, timeout=60, check=False)


async def run(stack: Stack, document: str) -> str:
    """Run a document and return the id of the user in its answer."""
    async with aiohttp.ClientSession() as session:
        answer = await Houston(stack.url, session).run(document)
    [field] = answer.values()
    return str(field["user"]["id"])


async def test_a_killed_up_leaves_no_process_and_the_next_one_has_its_data(data: Path) -> None:
    with running(data) as stack:
        user = await run(stack, SIGN_UP)
        processes = family(stack.process.pid)
        for expected in ("postgres", "nats-server", "supervisord", "identity", "invites", "deployments", "gateway"):
            assert expected in names(processes)
        stack.process.kill()
        stack.process.wait()
        with running(data) as again:  # at once: it waits for the last run's processes itself
            assert await run(again, SIGN_IN) == user
            assert_gone(processes)


@pytest.mark.full
def test_a_killed_supervisor_ends_everything(data: Path) -> None:
    with running(data) as stack:
        processes = family(stack.process.pid)
        next(process for process in processes if "supervisord" in " ".join(process.cmdline())).kill()
        assert stack.process.wait(GONE_S) == 1
        assert_gone(processes)


def test_sigterm_ends_everything_in_order_and_well(data: Path) -> None:
    with running(data) as stack:
        processes = family(stack.process.pid)
        assert run_up(data, free_port()).stderr.startswith("error: aerodrome already runs on")
        stack.process.send_signal(signal.SIGTERM)
        assert stack.process.wait(GONE_S) == 0
        assert_gone(processes)
    assert (data / "logs" / "postgres.log").read_text().rstrip().endswith("database system is shut down")


def test_a_killed_make_ends_everything(data: Path) -> None:
    output = data.with_name("make.out")
    with output.open("wb") as written:
        make = subprocess.Popen(["make", "up"], cwd=ROOT, env=environment(data, free_port()), stdout=written)
    end = time.monotonic() + 60
    while "ready: http://127.0.0.1:" not in output.read_text():
        assert time.monotonic() < end, output.read_text()
        assert make.poll() is None, output.read_text()
        time.sleep(0.05)
    processes = family(make.pid)
    make.kill()
    make.wait()
    assert_gone(processes)


def test_a_taken_port_is_named(private_folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port: int = taken.getsockname()[1]
        ended = run_up(private_folder / "data", port)
    assert ended.returncode == 1
    assert f"port {port} is taken" in ended.stderr
    assert "AERODROME_PORT" in ended.stderr
