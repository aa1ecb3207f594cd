"""A process below `up` loads itself at once and begins when the databases are up to date."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from services.cli.folder import DataFolder
from services.cli.plan import environment, make_plan
from services.cli.run import wait_for_the_databases
from services.nats_users import SERVICES


def test_who_needs_databases_waits_until_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = DataFolder(tmp_path)
    folder.prepare()
    plan = make_plan(folder, port=8871, outside={})
    named = {name: environment(plan, name, {}).get("AERODROME_START_AFTER") for name in (*SERVICES, "gateway")}
    assert set(named.values()) == {str(folder.state_file)}
    assert "AERODROME_START_AFTER" not in environment(plan, "mailcatcher", {})

    monkeypatch.setenv("AERODROME_START_AFTER", str(folder.state_file))
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(wait_for_the_databases)
        try:
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.2)
        finally:
            folder.state_file.touch()
        waiting.result(timeout=60)


def test_without_an_up_nothing_is_waited_for() -> None:
    wait_for_the_databases()
