"""The DAG files of a local Airflow: unpacked beside each other, the ones that run behind one link."""

import asyncio
import os
import shutil
import threading
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from services.deployments.bundles.archive import unpack
from services.deployments.contract import DeploymentId
from services.deployments.drivers.protocol import StepFailed
from services.deployments.runner.accounts import open_to_all
from shared.errors import Invalid
from shared.servers.accounts import Account

_NONE: Final = "none"
_HALF: Final = ".half"
_KEPT: Final = 3


class Source(Protocol):
    """Where bundles come from."""

    def open(self, deployment_id: DeploymentId, sha256: str) -> AbstractAsyncContextManager[Path]: ...


@dataclass(frozen=True, slots=True)
class DagFolder:
    """The DAG files below the folder of a deployment; `dags` is the link that Airflow, as `account`, reads through."""

    folder: Path
    source: Source
    account: Account | None = None

    async def activate(self, deployment_id: DeploymentId, sha256: str) -> None:
        """Have `dags` lead to the files of a bundle, or to an empty folder for ""; all of them at once.

        Raises StepFailed for a bundle that can't be unpacked.
        """
        place = self._bundles / (sha256 or _NONE)
        if not place.exists():
            await self._unpack(deployment_id, sha256, place)
        await asyncio.to_thread(self._lead_to, place)

    async def _unpack(self, deployment_id: DeploymentId, sha256: str, place: Path) -> None:
        half = place.with_name(place.name + _HALF)
        await asyncio.to_thread(shutil.rmtree, half, ignore_errors=True)
        if not sha256:
            half.mkdir(parents=True)
        else:
            async with self.source.open(deployment_id, sha256) as archive:
                try:
                    await _unpacked(archive, half)
                except Invalid as error:
                    raise StepFailed("unpack the bundle", f"failed: {error.text}", ()) from error
        if self.account:
            self._bundles.chmod(0o711)
            await asyncio.to_thread(open_to_all, half)
        half.rename(place)

    def _lead_to(self, place: Path) -> None:
        link = self.folder / "dags"
        if link.is_symlink() and link.readlink() == place:
            return
        if link.is_dir() and not link.is_symlink():
            shutil.rmtree(link)
        new = self.folder / "dags.new"
        new.unlink(missing_ok=True)
        new.symlink_to(place)
        new.replace(link)
        os.utime(place)  # so that it is the youngest
        old = sorted(self._bundles.iterdir(), key=lambda each: each.stat().st_mtime, reverse=True)
        for each in old[_KEPT:]:
            shutil.rmtree(each, ignore_errors=True)

    @property
    def _bundles(self) -> Path:
        return self.folder / "bundles"


async def _unpacked(archive: Path, into: Path) -> None:
    """Unpack in a thread; who is cancelled waits for it to leave off, as the next one uses the same place."""
    unwanted = threading.Event()
    work = asyncio.create_task(asyncio.to_thread(unpack, archive, into, unwanted=unwanted.is_set), name="unpack")
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        unwanted.set()
        await asyncio.wait([work])
        work.exception()  # nobody's any more
        raise
