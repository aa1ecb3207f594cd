"""Files of tasks are followed from now on, each line once; only the Airflow's own plain files are read."""

import os
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from services.deployments.logs.parsing import TaskIds
from services.deployments.runner.task_logs import TaskLogs

RUN = "dag_id=broken/run_id=scheduled__2026-01-01T00:00:00+00:00"


class Heard:
    """What follows a folder, and what it told of each task."""

    def __init__(self, folder: Path) -> None:
        self.told: dict[TaskIds, bytes] = defaultdict(bytes)
        self.logs = TaskLogs(folder, os.geteuid(), self._of)

    def _of(self, task: TaskIds) -> Callable[[bytes], None]:
        def take(written: bytes) -> None:
            self.told[task] += written

        return take


@pytest.fixture
async def heard(tmp_path: Path) -> Heard:
    """A follower that has looked once."""
    found = Heard(tmp_path)
    await found.logs.look()
    return found


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(text)
    return path


def task(task_id: str, *, try_number: int = 1, map_index: int | None = None) -> TaskIds:
    run_id = "scheduled__2026-01-01T00:00:00+00:00"
    return TaskIds(dag_id="broken", task_id=task_id, run_id=run_id, try_number=try_number, map_index=map_index)


async def test_what_is_written_is_told_once_with_its_task(heard: Heard, tmp_path: Path) -> None:
    write(tmp_path, f"{RUN}/task_id=one/attempt=1.log", "a\nb")
    await heard.logs.look()
    write(tmp_path, f"{RUN}/task_id=one/attempt=1.log", "c\n")
    write(tmp_path, f"{RUN}/task_id=one/map_index=3/attempt=1.log", "mapped\n")
    write(tmp_path, f"{RUN}/task_id=one/attempt=2.log", "again\n")
    for _ in range(3):
        await heard.logs.look()
    assert heard.told == {
        task("one"): b"a\nbc\n",
        task("one", map_index=3): b"mapped\n",
        task("one", try_number=2): b"again\n",
    }


async def test_what_was_there_before_is_not_told_again(tmp_path: Path) -> None:
    write(tmp_path, f"{RUN}/task_id=old/attempt=1.log", "before\n")
    heard = Heard(tmp_path)
    await heard.logs.look()
    write(tmp_path, f"{RUN}/task_id=old/attempt=1.log", "after\n")
    await heard.logs.look()
    assert heard.told == {task("old"): b"after\n"}


async def test_a_retry_of_an_old_run_is_found_among_many(tmp_path: Path) -> None:
    for number in range(300):
        write(tmp_path, f"{RUN}/task_id=t{number}/attempt=1.log", "before\n")
    heard = Heard(tmp_path)
    await heard.logs.look()
    write(tmp_path, f"{RUN}/task_id=t7/attempt=2.log", "again\n")
    for _ in range(3):
        await heard.logs.look()
    assert heard.told == {task("t7", try_number=2): b"again\n"}


async def test_a_large_file_and_one_that_begins_anew_are_told_whole(heard: Heard, tmp_path: Path) -> None:
    path = write(tmp_path, f"{RUN}/task_id=one/attempt=1.log", "x" * 1_000_000)
    await heard.logs.look()
    path.write_text("anew")
    await heard.logs.look()
    assert heard.told[task("one")] == b"x" * 1_000_000 + b"anew"


async def test_a_folder_that_comes_late_or_goes_is_no_trouble(tmp_path: Path) -> None:
    heard = Heard(tmp_path / "late")
    await heard.logs.look()
    write(tmp_path / "late", f"{RUN}/task_id=one/attempt=1.log", "a\n")
    await heard.logs.look()
    (tmp_path / "late").rename(tmp_path / "gone")
    await heard.logs.look()
    await heard.logs.stop()
    assert heard.told == {task("one"): b"a\n"}


async def test_what_is_written_last_is_told_at_the_end(tmp_path: Path) -> None:
    heard = Heard(tmp_path)
    await heard.logs.look()
    heard.logs.start()
    write(tmp_path, f"{RUN}/task_id=one/attempt=1.log", "a\n")
    await heard.logs.stop()
    assert heard.told == {task("one"): b"a\n"}


async def test_links_and_what_is_no_file_are_not_read(heard: Heard, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    write(secret, "task_id=x/attempt=1.log", "secret\n")
    (tmp_path / RUN / "task_id=link").mkdir(parents=True)
    (tmp_path / RUN / "task_id=link" / "attempt=1.log").symlink_to(secret / "task_id=x/attempt=1.log")
    (tmp_path / RUN / "task_id=hard").mkdir()
    os.link(secret / "task_id=x/attempt=1.log", tmp_path / RUN / "task_id=hard" / "attempt=1.log")
    (tmp_path / RUN / "task_id=pipe").mkdir()
    os.mkfifo(tmp_path / RUN / "task_id=pipe" / "attempt=1.log")
    (tmp_path / RUN / "task_id=x").symlink_to(secret / "task_id=x")
    (tmp_path / "dag_id=linked").symlink_to(tmp_path / "dag_id=broken")
    (tmp_path / RUN / "task_id=strange" / "attempt=1.log").mkdir(parents=True)
    for _ in range(3):
        await heard.logs.look()
    assert heard.told == {}


async def test_another_accounts_file_is_not_read(tmp_path: Path) -> None:
    heard = Heard(tmp_path)
    heard.logs.uid = os.geteuid() + 1
    await heard.logs.look()
    write(tmp_path, f"{RUN}/task_id=one/attempt=1.log", "a\n")
    await heard.logs.look()
    assert heard.told == {}
