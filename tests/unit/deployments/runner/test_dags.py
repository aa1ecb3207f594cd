"""The DAG files that run are behind one link, which leads to all of a bundle or to all of another."""

import asyncio
import tarfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.deployments.contract import DeploymentId
from services.deployments.drivers.protocol import StepFailed
from services.deployments.runner.dags import DagFolder

ID = DeploymentId("cone")
MANY = 3_000


@dataclass(frozen=True)
class Shelf:
    """A source whose bundles hold one file with their own name in it, and "large" MANY of them."""

    folder: Path

    @asynccontextmanager
    async def open(self, deployment_id: DeploymentId, sha256: str) -> AsyncGenerator[Path]:
        packed = self.folder / f"{deployment_id}-{sha256}"
        if sha256 == "broken":
            packed.write_text("no archive")
        else:
            inside = self.folder / "inside.py"
            inside.write_text(sha256)
            with tarfile.open(packed, "w:gz") as made:
                for number in range(MANY if sha256 == "large" else 1):
                    made.add(inside, f"dags/{number or 'a'}.py")
        yield packed


@pytest.fixture
def dags(tmp_path: Path) -> DagFolder:
    """A folder of a deployment's own."""
    (tmp_path / "shelf").mkdir()
    return DagFolder(tmp_path / "one", Shelf(tmp_path / "shelf"))


async def test_a_deployment_without_a_bundle_has_an_empty_folder(dags: DagFolder) -> None:
    await dags.activate(ID, "")
    assert list((dags.folder / "dags").iterdir()) == []


async def test_bundles_take_each_others_place_and_come_back(dags: DagFolder) -> None:
    for sha256 in ("first", "second", "first", "first"):
        await dags.activate(ID, sha256)
        assert (dags.folder / "dags" / "a.py").read_text() == sha256


async def test_the_last_three_stay_unpacked(dags: DagFolder) -> None:
    for n in range(6):
        await dags.activate(ID, f"number {n}")
    left = {path.name for path in (dags.folder / "bundles").iterdir()}
    assert "number 5" in left
    assert len(left) == 3


async def test_a_bundle_that_is_none_fails_and_leaves_the_one_that_runs(dags: DagFolder) -> None:
    await dags.activate(ID, "first")
    with pytest.raises(StepFailed, match="unpack the bundle"):
        await dags.activate(ID, "broken")
    assert (dags.folder / "dags" / "a.py").read_text() == "first"


async def test_who_no_longer_wants_a_bundle_leaves_nobody_unpacking_it(dags: DagFolder) -> None:
    half = dags.folder / "bundles" / "large.half"
    for _ in range(2):
        unpacking = asyncio.create_task(dags.activate(ID, "large"))
        while not (half.exists() and any(half.iterdir())):
            await asyncio.sleep(0)
        unpacking.cancel()
        await asyncio.wait([unpacking])
        assert unpacking.cancelled()
    await dags.activate(ID, "large")
    assert len(list((dags.folder / "dags").iterdir())) == MANY
