"""An export of the audit is complete, or says what is missing."""

import asyncpg
import pytest

from services.cli import auditing
from services.cli.auditing import Export
from services.cli.environments import DATABASE
from services.cli.folder import CannotStart
from tests.conftest import NewDatabase


async def test_an_export_says_what_is_missing(database: NewDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await database("kernel")
    monkeypatch.setattr(auditing, "WAIT_S", 0.2)
    connection = await asyncpg.connect(made.admin_dsn)
    await connection.execute("insert into parked_streams values ('audit', 'invite-x', 1, 0, 'x')")
    await connection.execute("update store_head set position = 1")  # as if no service were running behind it
    await connection.close()
    export = Export({"invites": {DATABASE: made.app_dsn}}, None)
    assert [line async for line in export.lines()] == []
    behind, parked = export.missing
    assert "behind its events" in behind
    assert "1 streams of invites are parked" in parked


async def test_an_export_of_a_workspace_that_nobody_knows_says_so(database: NewDatabase) -> None:
    made = await database("kernel")
    connection = await asyncpg.connect(made.admin_dsn)
    await connection.execute(
        "insert into read.audit values (1, gen_random_uuid(), now(), 'a', 's-1', '', '', '', '', '', '', 'cplace', '',"
        " gen_random_uuid(), gen_random_uuid(), '')"
    )
    await connection.close()
    for workspace, missing in (
        ("cplace", []),
        ("", []),
        ("nope", ["no record concerns a workspace nope: is that its id?"]),
    ):
        export = Export({"invites": {DATABASE: made.app_dsn}}, None, workspace_id=workspace)
        lines = [line async for line in export.lines()]
        assert (len(lines), export.missing) == (0 if missing else 1, missing)


async def test_a_database_that_is_away_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.cli.reach.OPEN_S", 0.2)
    export = Export({"invites": {DATABASE: "postgresql://nobody@127.0.0.1:1/none"}}, None)
    with pytest.raises(CannotStart, match="has not answered"):
        assert [line async for line in export.lines()]
