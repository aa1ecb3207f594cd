"""Migrations: in order, once, all or nothing, also for several starters at once."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from shared.errors import Invalid, Unavailable
from shared.migrations import migrate
from shared.servers.databases import ServiceDatabase, prepare_database
from shared.servers.process import free_port
from tests.servers import PASSWORD, PostgresForTests

FIRST = "create table notes (n int); insert into notes values (1); select 'a:b %s $$';"
SECOND = """do $$ begin execute format('grant select on notes to %I', current_database()); end $$;
insert into notes values (2);"""


@pytest.fixture
async def empty(postgres_server: PostgresForTests) -> AsyncIterator[ServiceDatabase]:
    """A database that nobody has migrated, with roles of its own."""
    name = f"empty_{secrets.token_hex(6)}"
    made = ServiceDatabase(name=name, owner_password=PASSWORD, app_password=PASSWORD)
    await prepare_database(postgres_server.server.dsn(), made)
    yield made
    await execute(postgres_server.server.dsn(), f"drop database {name} with (force)")
    await execute(postgres_server.server.dsn(), f"drop role {name}; drop role {name}_owner")


async def execute(dsn: str, statement: str) -> None:
    """Run one statement."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def numbers(dsn: str) -> list[int]:
    """Return what the migrations have inserted."""
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch("select n from notes order by n")
    await connection.close()
    return [row["n"] for row in rows]


def owner_dsn(postgres: PostgresForTests, database: ServiceDatabase) -> str:
    """Return the address that migrations use."""
    return postgres.server.dsn(database=database.name, user=database.owner, password=PASSWORD)


def write(folder: Path, **files: str) -> Path:
    """Return a folder `sql` with the files named, as in a service."""
    (folder / "sql").mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / "sql" / f"{name.removeprefix('n')}.sql").write_text(text)
    return folder / "sql"


async def test_files_run_in_order_once_and_grant_to_the_app_role(
    postgres_server: PostgresForTests, empty: ServiceDatabase, private_folder: Path
) -> None:
    dsn = owner_dsn(postgres_server, empty)
    folder = write(private_folder / "room", n0001_notes=FIRST, nqueries="not sql at all")
    assert await migrate(dsn, [folder]) == ["0001_notes.sql"]
    write(private_folder / "room", n0002_more=SECOND)
    assert await migrate(dsn, [folder]) == ["0002_more.sql"]
    assert await migrate(dsn, [folder]) == []
    app = postgres_server.server.dsn(database=empty.name, user=empty.name, password=PASSWORD)
    assert await numbers(app) == [1, 2]


async def test_folders_run_in_the_order_given(
    postgres_server: PostgresForTests, empty: ServiceDatabase, private_folder: Path
) -> None:
    kernel = write(private_folder / "zebra", n0001_notes=FIRST)
    room = write(private_folder / "apple", n0001_more=SECOND)
    dsn = owner_dsn(postgres_server, empty)
    assert await migrate(dsn, [kernel, room]) == ["0001_notes.sql", "0001_more.sql"]
    write(private_folder / "zebra", n0002_last="insert into notes values (3)")
    assert await migrate(dsn, [kernel, room]) == ["0002_last.sql"]


async def test_four_starters_at_once_run_each_file_once(
    postgres_server: PostgresForTests, empty: ServiceDatabase, private_folder: Path
) -> None:
    dsn = owner_dsn(postgres_server, empty)
    folder = write(private_folder / "room", n0001_notes=FIRST, n0002_more=SECOND)
    ran = await asyncio.gather(*(migrate(dsn, [folder]) for _ in range(4)))
    assert sorted(len(files) for files in ran) == [0, 0, 0, 2]
    assert await numbers(dsn) == [1, 2]


async def test_a_file_that_fails_leaves_nothing_and_is_named(
    postgres_server: PostgresForTests, empty: ServiceDatabase, private_folder: Path
) -> None:
    dsn = owner_dsn(postgres_server, empty)
    folder = write(private_folder / "room", n0001_notes=FIRST, n0002_more="insert into missing values (1)")
    with pytest.raises(Invalid, match=r"0002_more\.sql failed: relation \"missing\""):
        await migrate(dsn, [folder])
    with pytest.raises(asyncpg.UndefinedTableError):
        await execute(dsn, "select * from notes")


async def test_a_file_that_changed_after_it_ran_is_refused(
    postgres_server: PostgresForTests, empty: ServiceDatabase, private_folder: Path
) -> None:
    dsn = owner_dsn(postgres_server, empty)
    folder = write(private_folder / "room", n0001_notes=FIRST)
    await migrate(dsn, [folder])
    write(private_folder / "room", n0001_notes=FIRST + " -- better")
    with pytest.raises(Invalid, match=r"0001_notes\.sql has changed"):
        await migrate(dsn, [folder])


async def test_an_older_program_on_a_newer_database_is_refused(
    postgres_server: PostgresForTests, empty: ServiceDatabase, private_folder: Path
) -> None:
    dsn = owner_dsn(postgres_server, empty)
    folder = write(private_folder / "room", n0001_notes=FIRST, n0002_more=SECOND)
    await migrate(dsn, [folder])
    (folder / "0002_more.sql").unlink()
    with pytest.raises(Invalid, match=r"0002_more\.sql ran before and is gone"):
        await migrate(dsn, [folder])


async def test_a_missing_number_is_refused(private_folder: Path) -> None:
    folder = write(private_folder / "room", n0001_notes=FIRST, n0003_more=SECOND)
    with pytest.raises(Invalid, match=r"\[1, 3\], expected \[1, 2\]"):
        await migrate("postgresql://nobody@127.0.0.1:1/none", [folder])


async def test_a_server_that_is_away_is_unavailable(private_folder: Path) -> None:
    folder = write(private_folder / "room", n0001_notes=FIRST)
    with pytest.raises(Unavailable):
        await migrate(f"postgresql://nobody@127.0.0.1:{free_port()}/none", [folder])
