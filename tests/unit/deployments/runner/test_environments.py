"""What half-built environments leave behind, and which versions are offered."""

import fcntl
from pathlib import Path

import pytest

from services.deployments.runner.environments import Environments
from services.deployments.runner.versions import VERSIONS, version_of
from shared.errors import Invalid


def test_what_a_builder_that_is_gone_left_is_swept(tmp_path: Path) -> None:
    (tmp_path / "airflow-1.half/bin").mkdir(parents=True)
    (tmp_path / "airflow-1").mkdir()

    assert Environments(tmp_path).sweep() == ["airflow-1.half"]

    assert not (tmp_path / "airflow-1.half").exists()
    assert (tmp_path / "airflow-1").exists()


def test_what_is_being_built_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "airflow-1.half").mkdir()

    with (tmp_path / "airflow-1.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert Environments(tmp_path).sweep() == []

    assert Environments(tmp_path).sweep() == ["airflow-1.half"]


def test_the_newest_version_an_older_one_and_the_last_of_the_old_line_are_offered() -> None:
    assert [number.split(".")[0] for number in VERSIONS] == ["3", "3", "2"]
    assert all(version_of(number).number == number for number in VERSIONS)


def test_another_version_is_refused_and_told_which_are_offered() -> None:
    with pytest.raises(Invalid, match=r"airflow 3\.0\.0 is not offered; offered are 3\.3\.2, "):
        version_of("3.0.0")
