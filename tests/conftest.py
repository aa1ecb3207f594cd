"""Fixtures of all tests: real Postgres, real NATS, private folders; all gone afterwards, also on failure."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.servers import Database, NatsForTests, PostgresForTests, start_nats, start_postgres

NewDatabase = Callable[[str], Awaitable[Database]]

_MEMORY: Final = Path("/dev/shm")
_ENOUGH: Final = 4 << 30
"""Bytes that a run of tests may need at a time, and more."""


@pytest.fixture(scope="session")
def session_folder() -> Iterator[Path]:
    """A folder of this run that the server's account can pass through."""
    folder = Path(tempfile.mkdtemp(prefix="aerodrome-tests-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def private_folder(session_folder: Path) -> Iterator[Path]:
    """A folder of one test; as `session_folder`, its path is short."""
    folder = Path(tempfile.mkdtemp(dir=session_folder))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def quick_folder(session_folder: Path) -> Iterator[Path]:
    """As `session_folder`, in memory where there is room: every database is hundreds of files, made and removed."""
    if not (_MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free >= _ENOUGH):
        yield session_folder
        return
    folder = Path(tempfile.mkdtemp(prefix="aerodrome-tests-", dir=_MEMORY))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server(quick_folder: Path) -> Iterator[PostgresForTests]:
    """The Postgres that all tests share, each with databases of its own; never stop or kill this one."""
    running = start_postgres(quick_folder / "postgres", synced=False)
    yield running
    running.child.stop()


@pytest.fixture
async def database(postgres_server: PostgresForTests) -> AsyncIterator[NewDatabase]:
    """A maker of databases: `await database("identity")`; "kernel" has the kernel's tables only."""
    made: list[Database] = []

    async def make(service: str) -> Database:
        new = await postgres_server.new_database(service)
        made.append(new)
        return new

    yield make
    for each in made:
        await postgres_server.drop_database(each)


@pytest.fixture
def private_postgres(private_folder: Path) -> Iterator[PostgresForTests]:
    """A Postgres of one test, with fsync, to kill and restart."""
    running = start_postgres(private_folder / "postgres")
    yield running
    running.child.stop()


@pytest.fixture
def nats_server(private_folder: Path) -> Iterator[NatsForTests]:
    """A NATS of one test, to use, kill and restart."""
    running = start_nats(private_folder / "nats")
    yield running
    running.child.stop()


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of the person's shell must not reach a test."""
    for name in list(os.environ):
        if name.startswith("AERODROME_"):
            monkeypatch.delenv(name)
