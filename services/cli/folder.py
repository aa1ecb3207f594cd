"""The data folder of `aerodrome up`: what lies where, its lock and its secrets."""

import base64
import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import time
from collections.abc import Generator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import platformdirs

from services.deployments.runner.roles import AIRFLOWS_ROLE, RUNNER_ROLE
from services.nats_users import SERVICES, USERS
from shared.servers.accounts import STRANGER, can_reach, system_folder

ROLES = (*SERVICES, RUNNER_ROLE, AIRFLOWS_ROLE)  # that processes log in as
LAST_RUN_S = 60.0  # how long the processes of a killed run may take to end
LOCK_WAIT_S = 0.3  # a command that looks whether somebody holds the lock has it for an instant
POLL_S = 0.05


class CannotStart(Exception):
    """Why a command can't go on, in words for the person who typed it."""


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """Made once a data folder: each service's master key and the passwords of servers and services."""

    master_keys: Mapping[str, str]  # base64 of 32 bytes; without identity's personal data can't be read
    postgres: str
    owners: Mapping[str, str]
    apps: Mapping[str, str]
    nats: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class State:
    """How the commands of the CLI reach a running `up`."""

    pid: int
    url: str
    postgres_port: int
    nats_url: str


@dataclass(frozen=True)
class DataFolder:
    """One folder for everything of one installation on this machine."""

    path: Path

    def prepare(self) -> None:
        """Make the folder; as root, others may pass through it to what is theirs (Postgres, Airflows), and not look."""
        for folder in (self.path, self.logs, self.run, self.heads):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.geteuid() == 0:
            self.path.chmod(0o711)

    @property
    def postgres(self) -> Path:
        """Folder of the Postgres cluster."""
        return self.path / "postgres"

    @property
    def nats(self) -> Path:
        """Folder of NATS: JetStream's store and the configuration."""
        return self.path / "nats"

    @property
    def mail(self) -> Path:
        """Maildir with every mail the local catcher has taken."""
        return self.path / "mail"

    @property
    def airflow(self) -> Path:
        """Folder of the local Airflows and of their environments; as root, one that other accounts can reach."""
        if os.geteuid() != 0 or can_reach(STRANGER, self.path):
            return self.path / "airflow"
        return system_folder() / f"airflow-{hashlib.sha256(os.fsencode(self.path)).hexdigest()[:16]}"

    @property
    def logs(self) -> Path:
        """Folder with the output of every process."""
        return self.path / "logs"

    @property
    def run(self) -> Path:
        """Folder with what belongs to the running processes: locks, environments, state."""
        return self.path / "run"

    @property
    def state_file(self) -> Path:
        """File of `write_state`; it is there once the servers stand and the databases are up to date."""
        return self.run / "state.json"

    @property
    def heads(self) -> Path:
        """Folder with the signed heads of the event stores, a folder a service."""
        return self.path / "heads"

    @property
    def tombstones(self) -> Path:
        """List of people whose keys were destroyed; it is kept when databases are restored from a dump."""
        return self.path / "tombstones"

    @contextlib.contextmanager
    def locked(self) -> Generator[None]:
        """Hold the folder for this `up`; raise CannotStart if another one has it."""
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if not _lock(descriptor):
                pid = os.pread(descriptor, 20, 0).decode().strip()
                raise CannotStart(
                    f"aerodrome already runs on {self.path} (process {pid}); "
                    f"stop it, or set AERODROME_DATA to another folder and AERODROME_PORT to another port"
                )
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            yield
        finally:
            os.close(descriptor)

    def wait_for_last_run(self) -> None:
        """Return when no process of an earlier, killed run is left; each holds its lock while it lives."""
        end = time.monotonic() + LAST_RUN_S
        for lock in (*self.run.glob("*.lock"), self.postgres / "lock", self.nats / "lock"):
            while _is_held(lock):
                if time.monotonic() > end:
                    raise CannotStart(f"a process of the last run still lives; its lock is {lock}")
                time.sleep(POLL_S)

    def secrets(self) -> Secrets:
        """Return this folder's secrets; the first call makes them."""
        path = self._secrets_file
        if path.exists():
            return self._with_new_users(Secrets(**_read(path)))
        if (self.postgres / "cluster").exists():
            raise CannotStart(f"{path} is gone, and with it the keys to the data in {self.path}; restore it")
        made = Secrets(
            master_keys={service: base64.b64encode(secrets.token_bytes(32)).decode() for service in SERVICES},
            postgres=_password(),
            owners={service: _password() for service in SERVICES},
            apps={role: _password() for role in ROLES},
            nats={user: _password() for user in USERS},
        )
        self._write_secrets(made)
        return made

    def _with_new_users(self, found: Secrets) -> Secrets:
        """Add what a version before this one had no use for."""
        nats = {user: found.nats.get(user) or _password() for user in USERS}
        apps = {role: found.apps.get(role) or _password() for role in ROLES}
        if (nats, apps) != (found.nats, found.apps):
            found = replace(found, nats=nats, apps=apps)
            self._write_secrets(found)
        return found

    def _write_secrets(self, secrets: Secrets) -> None:
        write_private(self._secrets_file, json.dumps(asdict(secrets), indent=2))

    @property
    def _secrets_file(self) -> Path:
        return self.path / "secrets.json"

    def write_state(self, state: State) -> None:
        """Say how the CLI reaches this run."""
        write_private(self.state_file, json.dumps(asdict(state)))

    def state(self) -> State:
        """Return how the CLI reaches the running `up`; raise CannotStart if none runs."""
        path = self.state_file
        if not path.exists() or not _is_held(self.path / "lock"):
            raise CannotStart(f"no aerodrome runs on {self.path}; start it with `aerodrome up`, or set AERODROME_DATA")
        return State(**_read(path))


def data_folder(given: Path | None) -> DataFolder:
    """Return the folder given, or the default one of this person."""
    path = given or platformdirs.user_data_path("aerodrome", appauthor=False)
    return DataFolder(path.expanduser().absolute())


def write_private(path: Path, text: str) -> None:
    """Write a file that only we can read, whole or not at all."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    new.replace(path)


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _password() -> str:
    return secrets.token_hex(24)


def _lock(descriptor: int) -> bool:
    end = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                return False
            time.sleep(POLL_S)
        else:
            return True


def _is_held(lock: Path) -> bool:
    try:
        descriptor = os.open(lock, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
