"""Numbers for accounts that nobody has, and Pythons that they can run."""

import grp
import os
import pwd
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from services.cli.folder import DataFolder
from services.deployments.drivers.protocol import StepFailed
from services.deployments.runner.accounts import open_to_all
from services.deployments.runner.interpreters import interpreter
from services.deployments.runner.versions import VERSIONS
from shared.servers.accounts import STRANGER, can_reach, is_unnamed, unnamed_account

NEWEST = next(iter(VERSIONS.values()))
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="accounts are for who is root")


def test_a_number_is_nobody_s_and_not_taken() -> None:
    first = unnamed_account("one", taken=())

    others = {unnamed_account("other", taken={first.uid}).uid for _ in range(100)}

    assert first.uid not in others
    assert all(is_unnamed(each) for each in others)
    assert not others & {each.pw_uid for each in pwd.getpwall()}
    assert not others & {each.gr_gid for each in grp.getgrall()}
    assert not is_unnamed(os.geteuid())


def test_an_opened_tree_is_read_by_all_and_written_by_its_owner(tmp_path: Path) -> None:
    (tmp_path / "tree/folder").mkdir(parents=True, mode=0o700)
    for name, mode in (("program", 0o700), ("text", 0o600), ("open", 0o666)):
        (tmp_path / "tree/folder" / name).touch()
        (tmp_path / "tree/folder" / name).chmod(mode)
    (tmp_path / "tree/link").symlink_to("/etc/passwd")

    open_to_all(tmp_path / "tree")

    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "tree/folder").iterdir()}
    assert modes == {"program": 0o755, "text": 0o644, "open": 0o644}
    assert (tmp_path / "tree").stat().st_mode & 0o777 == (tmp_path / "tree/folder").stat().st_mode & 0o777 == 0o755


@as_root
def test_as_root_every_account_can_run_what_is_built_on() -> None:
    assert can_reach(STRANGER, Path(interpreter(NEWEST)))


@as_root
def test_as_root_a_machine_without_a_python_for_all_says_so() -> None:
    with pytest.raises(StepFailed, match=rf"(?s)no Python 3.10 to 3.9.* can't reach {sys.executable}"):
        interpreter(replace(NEWEST, too_new=10))


@as_root
def test_as_root_airflows_live_where_their_accounts_can_go(session_folder: Path) -> None:
    reached, closed = DataFolder(session_folder / "reached"), DataFolder(session_folder / "closed/data")
    closed.path.parent.mkdir(mode=0o700)
    for each in (reached, closed):
        each.prepare()

    assert reached.airflow == reached.path / "airflow"
    assert closed.airflow.parent == Path("/var/lib/aerodrome")
    assert can_reach(STRANGER, closed.airflow.parent)
    assert closed.airflow == DataFolder(closed.path).airflow
