"""A component is kept running: started again after a crash, counted, its lines passed on, and ended with its tree."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from services.deployments.runner.components import Component, PartState
from services.deployments.runner.executor_watch import ExecutorWatch
from services.deployments.runner.processes import MARK, Command
from services.deployments.runner.versions import Part
from tests.unit.deployments.runner.trees import all_gone, pids_in, wait_until

LIVES = "import os, pathlib, time; pathlib.Path('main.pid').write_text(str(os.getpid())); time.sleep(3600)"
FORKS = """
import os, pathlib, sys, time
for n in range(2):
    if os.fork() == 0:
        pathlib.Path(f"worker{n}.new").write_text(str(os.getpid()))
        if os.fork() == 0:  # a task, whose title is first that of its worker
            time.sleep(0.2)
            os._exit(0)
        os.rename(f"worker{n}.new", f"worker{n}.pid")
        os.execv(sys.executable, ["airflow worker -- LocalExecutor: <idle>", "-c", "import time; time.sleep(3600)"])
time.sleep(3600)
"""

Make = Callable[[str], Component]


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    """A maker of components that run a Python text; all end with the test."""
    made: list[Component] = []

    def one(program: str) -> Component:
        marked = {**os.environ, MARK: str(tmp_path)}
        command = Command(program=(sys.executable, "-c", program), environment=marked, folder=tmp_path)
        component = Component(part=Part.SCHEDULER, command=command, on_output=ignore, grace_s=5)
        made.append(component)
        return component

    yield one
    await asyncio.gather(*(each.stop() for each in made))


def ignore(part: Part, written: bytes) -> None:
    """Take what is written."""


async def came(true: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0.01)


async def test_a_component_passes_its_lines_on(make: Make) -> None:
    written: list[bytes] = []
    component = make("import sys, time; print('out', flush=True); print('err', file=sys.stderr); time.sleep(3600)")
    component.on_output = lambda _, more: written.append(more)

    component.start()

    await came(lambda: b"err\n" in b"".join(written))
    assert b"".join(written) == b"out\nerr\n"


async def test_a_last_line_gets_its_end(make: Make) -> None:
    written: list[bytes] = []
    component = make("print('out', end='')")
    component.on_output = lambda _, more: written.append(more)

    component.start()

    await came(lambda: component.status().state is PartState.BACKOFF)
    assert b"".join(written) == b"out\n"


async def test_a_component_that_crashes_is_started_again_and_counted(make: Make, tmp_path: Path) -> None:
    component = make(LIVES)
    component.start()
    (first,) = await asyncio.to_thread(pids_in, tmp_path, count=1)
    (tmp_path / "main.pid").unlink()
    await came(lambda: component.status().state is PartState.RUNNING)
    started_at = component.status().started_at

    os.kill(first, signal.SIGKILL)

    (second,) = await asyncio.to_thread(pids_in, tmp_path, count=1)
    await came(lambda: component.status().restarts == 1 and component.status().state is PartState.RUNNING)
    after = component.status()
    assert second != first
    assert (after.state, after.restarts, after.last_exit) == (PartState.RUNNING, 1, 128 + 9)
    assert started_at is not None
    assert after.started_at is not None
    assert after.started_at > started_at


async def test_a_component_that_can_not_live_waits_between_its_starts(make: Make) -> None:
    component = make("raise SystemExit(3)")

    component.start()

    await came(lambda: component.status().state is PartState.BACKOFF)
    assert component.status().last_exit == 3
    await component.stop()
    assert component.status().state is PartState.STOPPED


async def test_a_stopped_component_is_gone_and_stays_gone(make: Make, tmp_path: Path) -> None:
    component = make(LIVES)
    component.start()
    pids = await asyncio.to_thread(pids_in, tmp_path, count=1)

    await component.stop()

    assert all_gone(pids)
    assert (component.status().state, component.status().restarts) == (PartState.STOPPED, 0)


async def test_a_worker_that_ends_is_noticed_but_not_a_task(make: Make, tmp_path: Path) -> None:
    component, watch = make(FORKS), ExecutorWatch(parallelism=2)
    component.start()
    workers = await asyncio.to_thread(pids_in, tmp_path, count=2)
    shim = component.status().pid
    assert shim
    await came(lambda: not watch.lost(shim) and len(watch._workers) == 2)

    os.kill(workers[0], signal.SIGKILL)

    await came(lambda: watch.lost(shim))
    component.restart()
    await came(lambda: component.status().pid not in (None, shim))
    again = component.status().pid
    assert again
    assert not watch.lost(again)
    await asyncio.to_thread(wait_until, lambda: all_gone(workers))


async def test_what_a_killed_shim_leaves_is_ended_before_the_next_start(make: Make, tmp_path: Path) -> None:
    component = make(FORKS)
    component.start()
    workers = await asyncio.to_thread(pids_in, tmp_path, count=2)
    await came(lambda: component.status().pid)
    shim = component.status().pid
    assert shim is not None

    os.kill(shim, signal.SIGKILL)

    await came(lambda: component.status().restarts == 1)
    assert all_gone(workers)
