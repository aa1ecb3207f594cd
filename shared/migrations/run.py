"""Brings a database to the newest revision of every branch, in one transaction."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType

import asyncpg
from alembic.runtime.migration import MigrationContext, MigrationStep
from alembic.script.base import Script
from alembic.script.revision import RevisionMap
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.util import await_only

from shared.errors import Invalid, Unavailable
from shared.migrations.files import MigrationFile, read_folder

# One starter migrates; the others wait here and then find nothing to do.
LOCK = "select pg_advisory_xact_lock(hashtext('aerodrome migrations'))"
CHECKSUMS = """
create table if not exists public.migration_files (
    revision text primary key, file text not null, checksum text not null, applied_at timestamptz not null default now()
)"""


async def migrate(owner_dsn: str, folders: Sequence[Path]) -> list[str]:
    """Run the migrations that are missing, folder by folder, and return the names of the files that ran.

    All of them are one transaction. Safe for several starters at once. Raises Invalid if a file that ran
    before has changed since or is gone, or if its SQL fails; Unavailable if the database can't be reached.
    """
    branches = [read_folder(folder) for folder in folders]
    engine = create_async_engine(owner_dsn.replace("postgresql://", "postgresql+asyncpg://", 1))
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(_migrate, branches)
    except (OSError, TimeoutError, asyncpg.PostgresConnectionError) as error:
        raise Unavailable(f"postgres can't be reached: {error}") from error
    except DBAPIError as error:
        raise Invalid(f"migration failed: {error.orig}") from error
    finally:
        await engine.dispose()


def _migrate(connection: Connection, branches: Sequence[Sequence[MigrationFile]]) -> list[str]:
    connection.execute(text(LOCK))
    connection.execute(text(CHECKSUMS))
    _check_applied(connection, [file for branch in branches for file in branch])
    ran: list[str] = []
    scripts = {file.revision: _script(connection, file, ran) for branch in branches for file in branch}
    revisions = RevisionMap(lambda: list(scripts.values()))

    def missing(heads: tuple[str, ...], _: MigrationContext) -> Iterable[MigrationStep]:
        for branch in filter(None, branches):
            own = tuple(head for head in heads if head in {file.revision for file in branch})
            found = revisions.iterate_revisions(branch[-1].revision, own, implicit_base=True)
            for revision in reversed(list(found)):
                yield MigrationStep.upgrade_from_script(revisions, scripts[revision.revision])

    context = MigrationContext.configure(connection, opts={"fn": missing})
    context.run_migrations()
    return ran


def _check_applied(connection: Connection, files: Sequence[MigrationFile]) -> None:
    known = {file.revision: file for file in files}
    for row in connection.execute(text("select revision, file, checksum from public.migration_files")):
        revision, name, checksum = row
        file = known.get(revision)
        if file is None:
            raise Invalid(f"migration {name} ran before and is gone: an older program on a newer database?")
        if file.checksum != checksum:
            raise Invalid(f"migration {file.path.name} has changed since it ran; add the next number instead")


def _script(connection: Connection, file: MigrationFile, ran: list[str]) -> Script:
    def upgrade() -> None:
        _execute(connection, file)
        ran.append(file.path.name)

    module = ModuleType(file.revision, file.path.name)
    previous = f"{file.branch}_{file.number - 1:04}" if file.number > 1 else None
    module.__dict__.update(
        revision=file.revision,
        down_revision=previous,
        branch_labels=(file.branch,) if previous is None else None,
        depends_on=None,
        upgrade=upgrade,
    )
    return Script(module, file.revision, str(file.path))


def _execute(connection: Connection, file: MigrationFile) -> None:
    # A whole script at once: asyncpg's own execute(), inside SQLAlchemy's transaction.
    driver = connection.connection.driver_connection
    assert isinstance(driver, asyncpg.Connection)
    try:
        await_only(driver.execute(file.text))
    except asyncpg.PostgresError as error:
        raise Invalid(f"migration {file.path.name} failed: {error}") from error
    connection.execute(
        text("insert into public.migration_files (revision, file, checksum) values (:revision, :file, :checksum)"),
        {"revision": file.revision, "file": file.path.name, "checksum": file.checksum},
    )
