"""Steps that run to their end under the shim, and lines of whatever length."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from services.deployments.drivers.protocol import StepFailed
from services.deployments.runner.processes import Command, lines_of, run_step, start_shimmed
from tests.unit.deployments.runner.trees import all_gone, pids_in, wait_until


def command(folder: Path, program: str, *, secrets: tuple[str, ...] = ()) -> Command:
    return Command(
        program=(sys.executable, "-c", program), environment=dict(os.environ), folder=folder, secrets=secrets
    )


async def test_a_failed_step_names_itself_and_its_last_lines_without_secrets(tmp_path: Path) -> None:
    program = "for n in range(100): print('line', n)\nprint('password is hunter2'); raise SystemExit(3)"

    with pytest.raises(StepFailed) as failed:
        await run_step("migrate", command(tmp_path, program, secrets=("hunter2",)), timeout_s=60)

    assert failed.value.step == "migrate"
    assert failed.value.text.splitlines()[0] == "migrate ended with 3"
    assert failed.value.lines[-2:] == ("line 99", "password is ***")
    assert len(failed.value.lines) == 20


async def test_a_step_returns_its_last_lines(tmp_path: Path) -> None:
    assert await run_step("say", command(tmp_path, "print('one'); print('two')"), timeout_s=60) == "one\ntwo"


async def test_a_step_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    program = "import time; print('begun', flush=True); time.sleep(3600)"

    with pytest.raises(StepFailed, match="took more than 1 s\nbegun"):
        await run_step("wait", command(tmp_path, program), timeout_s=1)


async def test_a_cancelled_step_leaves_nothing(tmp_path: Path) -> None:
    program = "import os, pathlib, time; pathlib.Path('main.pid').write_text(str(os.getpid())); time.sleep(3600)"
    step = asyncio.create_task(run_step("wait", command(tmp_path, program), timeout_s=60))
    pids = await asyncio.to_thread(pids_in, tmp_path, count=1)

    step.cancel()
    await asyncio.wait([step])

    assert step.cancelled()
    await asyncio.to_thread(wait_until, lambda: all_gone(pids))


async def test_a_program_that_is_not_there_is_told(tmp_path: Path) -> None:
    missing = Command(program=("/no/program",), environment={}, folder=tmp_path)

    with pytest.raises(StepFailed, match="look ended with 127\nshim: /no/program: No such file or directory"):
        await run_step("look", missing, timeout_s=60)


async def test_a_line_longer_than_the_limit_comes_in_pieces(tmp_path: Path) -> None:
    program = "print('a' * 200_000); print('b', end='')"
    process = await start_shimmed(command(tmp_path, program), grace_s=0)

    lines = [line async for line in lines_of(process)]

    assert b"".join(lines) == b"a" * 200_000 + b"b"
    assert lines[-1] == b"b"
    assert max(map(len, lines)) <= 128 * 1024
    assert await process.wait() == 0
