"""Finds, kills, stops and starts the processes of one running product, each by its id and never another's."""

import asyncio
import signal
import xmlrpc.client
from configparser import RawConfigParser
from pathlib import Path

import asyncpg
import psutil

from services.cli.folder import DataFolder
from shared.servers.nats import PROBE_TIMEOUT_S
from tests.acceptance.stack import Stack

SERVERS = ("postgres", "nats")
REPLACED_S = 20.0
BACK_S = 60.0


def process_of(stack: Stack, name: str) -> psutil.Process:
    """Return the process that runs under `name`, which holds its lock; raise NoSuchProcess while none does."""
    written = _lock(stack, name).read_text(encoding="ascii").strip()
    if not written:  # its starter is writing it just now
        raise psutil.NoSuchProcess(0)
    return psutil.Process(int(written))


def session_of(stack: Stack, service: str) -> psutil.Process:
    """Return a server process of Postgres that works for a service; at its violent end Postgres ends all others."""
    sessions = process_of(stack, "postgres").children()
    return next(each for each in sessions if f"postgres: {service} {service} " in " ".join(each.cmdline()))


def kill(process: psutil.Process) -> None:
    """Send SIGKILL: the process can save nothing."""
    process.send_signal(signal.SIGKILL)


async def until_replaced(stack: Stack, old: psutil.Process, name: str) -> psutil.Process:
    """Return the process that the supervisor has started in the place of `old`."""
    async with asyncio.timeout(REPLACED_S):
        while True:
            try:
                now = process_of(stack, name)
                if now.pid != old.pid and now.is_running():
                    return now
            except psutil.NoSuchProcess:
                pass
            await asyncio.sleep(0.01)


async def until_back(stack: Stack, server: str) -> None:
    """Return as soon as Postgres or NATS itself takes work, whatever the services make of that."""
    answers = _postgres_answers if server == "postgres" else _nats_answers
    async with asyncio.timeout(BACK_S):
        while not await answers(stack):
            await asyncio.sleep(0.01)


async def stop(stack: Stack, server: str) -> None:
    """Have the supervisor stop a server and leave it stopped."""
    await asyncio.to_thread(_tell_supervisor, stack, "stopProcess", server)


async def start(stack: Stack, server: str) -> None:
    """Have the supervisor start a server again."""
    await asyncio.to_thread(_tell_supervisor, stack, "startProcess", server)


def _lock(stack: Stack, name: str) -> Path:
    return stack.data / name / "lock" if name in SERVERS else stack.data / "run" / f"{name}.lock"


async def _postgres_answers(stack: Stack) -> bool:
    folder = DataFolder(stack.data)
    try:
        connection = await asyncpg.connect(
            host="127.0.0.1",
            port=folder.state().postgres_port,
            user="postgres",
            password=folder.secrets().postgres,
            database="postgres",
            timeout=2,
        )
    except (OSError, asyncpg.PostgresError):
        return False
    await connection.close()
    return True


async def _nats_answers(stack: Stack) -> bool:
    port = int(DataFolder(stack.data).state().nats_url.rpartition(":")[2])
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            said = await reader.readline()
            writer.close()
    except (OSError, TimeoutError):
        return False
    return said.startswith(b"INFO ")


def _tell_supervisor(stack: Stack, what: str, server: str) -> None:
    written = RawConfigParser()
    written.read(stack.data / "run" / "supervisord.conf")
    door = written["inet_http_server"]
    address = f"http://{door['username']}:{door['password']}@{door['port']}/RPC2"
    with xmlrpc.client.ServerProxy(address) as supervisord:
        getattr(supervisord.supervisor, what)(f"{server}:{server}")
