"""Environments are built by uv from the package index: once, whole or not at all."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest

from services.deployments.drivers.protocol import StepFailed
from services.deployments.runner.environments import Environments
from services.deployments.runner.processes import Command, run_step
from services.deployments.runner.versions import VERSIONS

pytestmark = [pytest.mark.airflow, pytest.mark.full, pytest.mark.timeout(400)]
NEWEST = next(iter(VERSIONS.values()))


def environments_of(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_dir())


def begun(folder: Path) -> bool:
    return any(folder.glob("*.half/bin/python"))


async def test_two_builders_at_once_make_one_environment_that_works(private_folder: Path) -> None:
    began = time.monotonic()

    one, other = await asyncio.gather(*(Environments(private_folder).ensure(NEWEST) for _ in range(2)))

    print(f"airflow {NEWEST.number} installed in {time.monotonic() - began:.1f} s")
    assert one == other
    assert environments_of(private_folder) == [one.path.name]
    where = {"HOME": str(private_folder), "AIRFLOW_HOME": str(private_folder / "home")}
    asked = Command(program=(*one.program, "version"), environment=where, folder=private_folder)
    assert await run_step("ask", asked, timeout_s=120) == NEWEST.number


async def test_a_failed_build_names_the_step_and_leaves_nothing(private_folder: Path) -> None:
    missing = replace(NEWEST, number="3.3.999")

    with pytest.raises(StepFailed, match=r"(?s)install airflow 3\.3\.999 ended with 1\n.*no version") as failed:
        await Environments(private_folder).ensure(missing)

    assert failed.value.step == "install airflow 3.3.999"
    assert environments_of(private_folder) == []


async def test_a_cancelled_build_leaves_nothing(private_folder: Path) -> None:
    building = asyncio.create_task(Environments(private_folder).ensure(NEWEST))
    while not begun(private_folder):
        assert not building.done()
        await asyncio.sleep(0.01)

    building.cancel()
    await asyncio.wait([building])

    assert building.cancelled()
    assert environments_of(private_folder) == []
