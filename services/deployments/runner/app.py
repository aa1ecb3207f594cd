"""The runner: the one process of an installation whose children are the local Airflows."""

import fcntl
import logging
import os
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

from services.deployments.bundles.store import Bundles
from services.deployments.contract import EVENTS, LOGS_STREAM
from services.deployments.keeping.assignments import Assignments
from services.deployments.keeping.history import Specifications
from services.deployments.keeping.keeper import Keeper
from services.deployments.keeping.lease import Lease
from services.deployments.keeping.sweeper import Sweeper
from services.deployments.logs.stream import LogFeed
from services.deployments.runner.databases import Databases
from services.deployments.runner.environments import Environments
from services.deployments.runner.local import LocalDriver
from services.deployments.runner.settings import RunnerSettings
from services.deployments.runner.sweep import end_marked
from services.deployments.runner.voices import Voices
from shared.bus.client import Bus
from shared.health import Health
from shared.ids import new_id
from shared.postgres import Pools, open_pools, reachable
from shared.runtime.background import Background
from shared.runtime.loop import serve
from shared.servers.accounts import STRANGER, can_reach
from shared.settings import WrongSettings, load_settings
from shared.store.events import EventStore, EventTypes
from shared.store.personal import PersonalKeys
from shared.telemetry import start_telemetry

log = logging.getLogger(__name__)

NAME: Final = "runner"
LEASE: Final = timedelta(seconds=10)


class FolderTaken(Exception):
    """Another runner of this machine has the folder."""


async def run_runner(settings: RunnerSettings | None = None) -> None:
    """Run the runner until SIGTERM or SIGINT; its Airflows end with it. Raises WrongSettings."""
    found = settings or load_settings(RunnerSettings)
    start_telemetry(service=NAME, level=found.log_level)
    with _held(found.airflow_folder) as holder:
        _check_reach(found)
        await serve(RunnerProcess(found, holder))


class RunnerProcess:
    """One running runner; `holder` is whom the lease of the driver is given to: the one of its folder."""

    def __init__(self, settings: RunnerSettings, holder: str) -> None:
        self._settings = settings
        self._holder = holder
        self._background = Background()
        self._health: Health | None = None
        self._pools: Pools | None = None
        self._bus: Bus | None = None
        self._store: EventStore | None = None
        self._voices: Voices | None = None
        self._ready = False

    async def start(self) -> None:
        """Open the health door, wait for the servers, end what an earlier runner left, and keep deployments."""
        settings = self._settings
        checks = {"postgres": self._has_postgres, "nats": self._has_nats, "runner": self._has_started}
        self._health = await Health.start(host=settings.health_host, port=settings.health_port, checks=checks)
        self._pools = await open_pools(settings.database_url.get_secret_value(), service=NAME)
        self._bus = await Bus.connect(settings, name=NAME, streams=(LOGS_STREAM,))
        keeper = self._keeper(self._pools, self._bus)
        await end_marked(settings.airflow_folder / "deployments")
        self._background.start("keeper", keeper.run)
        self._ready = True
        log.info("runner is ready", extra={"health_port": self._health.port})

    async def stop(self) -> None:
        """End the Airflows, give the lease back and close everything."""
        log.info("runner leaves")
        if self._health:
            self._health.leaving()
        await self._background.stop()
        if self._voices:
            await self._voices.close()
        for part in (self._store, self._bus, self._pools):
            if part:
                await part.close()
        if self._health:
            await self._health.stop()

    def _keeper(self, pools: Pools, bus: Bus) -> Keeper:
        settings = self._settings
        master_key = settings.master_key_bytes()
        keys = PersonalKeys(pools.commands, master_key) if master_key else None
        self._store = EventStore(pools.commands, EventTypes(EVENTS), keys, readers=pools.followers)
        self._voices = Voices(LogFeed(bus), settings.logs_rate)
        driver = LocalDriver(
            folder=settings.airflow_folder,
            databases=Databases(settings.airflow_database_url.get_secret_value()),
            environments=Environments(settings.environments_folder),
            outside=os.environ,
            lines=self._voices.of,
            tasks=self._voices.of_task,
            bundles=Bundles(pools.queries, bus),
        )
        assignments = Assignments(pools.queries)
        return Keeper(
            driver=driver,
            assignments=assignments,
            sweeper=Sweeper(driver, assignments, settings.deleted_kept),
            lease=Lease(pool=pools.queries, driver=driver.name, holder=self._holder, lasts=LEASE),
            load=Specifications(self._store, settings.doors).load,
        )

    async def _has_postgres(self) -> bool:
        return self._pools is not None and await reachable(self._pools.queries)

    async def _has_nats(self) -> bool:
        return self._bus is not None and self._bus.connected

    async def _has_started(self) -> bool:
        return self._ready


def _check_reach(settings: RunnerSettings) -> None:
    """Raise WrongSettings, as root, for a folder that the accounts of the Airflows can't reach."""
    if os.geteuid() != 0:
        return
    for folder in (settings.airflow_folder, settings.environments_folder.parent):
        if not folder.exists() or not can_reach(STRANGER, folder):
            raise WrongSettings(
                f"as root, Airflows run under accounts of their own, which can't reach {folder}: it has to be there, "
                f"and others must be able to pass through it and the folders above (chmod o+x)"
            )


@contextmanager
def _held(folder: Path) -> Generator[str]:
    """Hold the folder for this process and return the name of its runner, which it had before and will have again.

    While the lock is ours no other process of this machine is that runner, so its lease may be taken at once.
    """
    folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    if os.geteuid() == 0:
        folder.chmod(0o711)
    descriptor = os.open(folder / "runner", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderTaken(f"another runner has the folder {folder}") from None
        name = os.pread(descriptor, 64, 0).decode()
        if not name:
            name = new_id()
            os.pwrite(descriptor, name.encode(), 0)
            os.fsync(descriptor)
        yield name
    finally:
        os.close(descriptor)
