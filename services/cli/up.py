"""`aerodrome up`: everything on this machine, from nothing to a ready line, and down again in order."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping
from importlib import import_module
from pathlib import Path
from types import FrameType

from services.cli.folder import CannotStart, DataFolder, State
from services.cli.plan import DEPLOYMENTS, Plan, check_settings, make_plan, programs
from services.cli.supervise import Supervisor, answers_ready
from services.deployments.runner.roles import AIRFLOWS_ROLE, RUNNER_ROLE, prepare_airflows, prepare_runner
from services.migration_folders import migration_folders
from services.nats_users import SERVICES
from shared.errors import AerodromeError
from shared.servers.databases import ServiceDatabase, close_to_strangers, prepare_database
from shared.servers.process import Child

READY_S = 120.0
STOP_S = 90.0
POLL_S = 0.05
TRIES = 4  # starts of one process before `up` says that it does not stand
TAIL_LINES = 15
EXAMPLE = (
    "curl -s {url}/v1 -H 'Content-Type: application/json' --data "
    '\'{{"query": "mutation {{ createUser(email: \\"you@example.com\\", password: \\"correct horse battery\\") '
    "{{ user {{ id username }} token {{ value }} }} }}\"}}'"
)
Say = Callable[[str], None]


class Stopped(KeyboardInterrupt):
    """The person or the system wants us to end; asyncio lets this kind through, unlike an Exception."""


def up(folder: DataFolder, *, port: int, outside: Mapping[str, str], say: Say) -> None:
    """Run everything until a signal; raise CannotStart when something does not stand."""
    os.umask(0o077)
    with _signals_raise(), contextlib.suppress(Stopped):
        folder.prepare()
        with folder.locked():
            _clear_the_place(folder, port, say)
            plan = make_plan(folder, port=port, outside=outside)
            check_settings(plan, outside)
            _run(plan, outside, say)


def _clear_the_place(folder: DataFolder, port: int, say: Say) -> None:
    folder.wait_for_last_run()
    folder.state_file.unlink(missing_ok=True)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CannotStart(f"port {port} is taken ({error.strerror}); set AERODROME_PORT to a free one") from error
    say(f"data: {folder.path}")
    if not folder.airflow.is_relative_to(folder.path):
        say(f"airflows: {folder.airflow}, as their accounts can't reach the data")


def _run(plan: Plan, outside: Mapping[str, str], say: Say) -> None:
    say("starting Postgres and NATS")
    threading.Thread(target=import_module, args=("shared.migrations",)).start()  # it takes a second, as initdb does
    with _as_cannot_start():
        plan.postgres.initialise()
        plan.nats.initialise()
    supervisor = Supervisor(folder=plan.folder)
    before = {path.name: path.stat().st_size for path in plan.folder.logs.glob("*.log")}
    child = supervisor.start(programs(plan, outside))
    try:
        _bring_up(plan, _Watch(plan, supervisor, child, before), say)
        while child.process.poll() is None:
            time.sleep(1)
        raise CannotStart(f"supervisord has ended with {child.process.returncode}; see {plan.folder.logs}")
    finally:
        _ignore_signals()
        say("stopping")
        child.stop(timeout_s=STOP_S)
        say("stopped")


def _bring_up(plan: Plan, watch: "_Watch", say: Say) -> None:
    supervisor = watch.supervisor
    watch.until("supervisord", supervisor.answers)
    watch.until("postgres", plan.postgres.is_ready)
    watch.until("nats", plan.nats.is_ready)
    say("migrating the databases")
    with _as_cannot_start():
        asyncio.run(_migrate(plan))
    plan.folder.write_state(
        State(pid=os.getpid(), url=plan.url, postgres_port=plan.postgres.port, nats_url=plan.nats.url)
    )
    say(f"starting {', '.join(SERVICES)} and the gateway")
    for name in plan.own:
        watch.until(name, _door(plan.health_ports[name], "/readyz"))
    watch.until("gateway", _door(plan.port, "/v1/healthz"))
    local = f"http://127.0.0.1:{plan.port}"
    say(f"ready: {local}")
    say(_next_steps(local, plan.folder))


def _door(port: int, path: str) -> Callable[[], bool]:
    return lambda: answers_ready(port, path)


def _next_steps(url: str, folder: DataFolder) -> str:
    mail = f"{sys.argv[0]} mail list --data {folder.path}"
    return "\n".join(
        (
            "",
            "next, if nobody has signed up yet (the first user is the administrator):",
            f"  {EXAMPLE.format(url=url)}",
            f"try the API in a browser: {url}/playground",
            f"read the mail it sends: {mail}",
            f"logs: {folder.logs}    stop: ctrl-C",
        )
    )


async def _migrate(plan: Plan) -> None:
    from shared.migrations import migrate

    await close_to_strangers(plan.postgres.dsn())
    for service in SERVICES:
        database = ServiceDatabase(
            name=service, owner_password=plan.secrets.owners[service], app_password=plan.secrets.apps[service]
        )
        await prepare_database(plan.postgres.dsn(), database)
        await migrate(plan.owner_dsn(service), migration_folders(service))
    await prepare_runner(plan.postgres.dsn(), plan.owner_dsn(DEPLOYMENTS), plan.secrets.apps[RUNNER_ROLE])
    await prepare_airflows(plan.postgres.dsn(), plan.secrets.apps[AIRFLOWS_ROLE])


class _Watch:
    """Waits for one thing after another and gives up when a process does not stand."""

    def __init__(self, plan: Plan, supervisor: Supervisor, child: Child, before: Mapping[str, int]) -> None:
        """`before`: the bytes of each log that earlier starts have written."""
        self.supervisor = supervisor
        self._plan, self._child, self._before = plan, child, before
        self._end = time.monotonic() + READY_S
        self._pids: dict[str, set[int]] = {}

    def until(self, name: str, ready: Callable[[], bool]) -> None:
        """Return when `ready()`; raise CannotStart with the end of the log when it won't be."""
        while not ready():
            if self._child.process.poll() is not None:
                raise CannotStart(f"supervisord has ended: {self._child.last_output()}")
            if name != "supervisord":
                self._count_starts()
            if time.monotonic() > self._end:
                raise CannotStart(f"{name} does not answer after {READY_S:g} s{self._tail(name)}")
            time.sleep(POLL_S)

    def _count_starts(self) -> None:
        for name, (pid, _) in self.supervisor.starts().items():
            seen = self._pids.setdefault(name, set())
            seen.add(pid)
            if len(seen - {0}) >= TRIES:
                raise CannotStart(f"{name} does not stand: it has ended {TRIES - 1} times{self._tail(name)}")

    def _tail(self, name: str) -> str:
        path = self._plan.folder.logs / f"{name}.log"
        lines = tail(path, self._before.get(path.name, 0))
        return "\n".join((f"; the end of {path}:", *lines)) if lines else ""


def tail(path: Path, before: int) -> list[str]:
    """Return the last lines of a log that stand behind its first `before` bytes; all count where it was begun anew."""
    if not path.exists():
        return []
    written = path.read_bytes()
    own = written[before:] if before <= len(written) else written
    return own.decode(errors="replace").splitlines()[-TAIL_LINES:]


@contextlib.contextmanager
def _as_cannot_start() -> Generator[None]:
    try:
        yield
    except AerodromeError as error:
        raise CannotStart(error.text) from error


@contextlib.contextmanager
def _signals_raise() -> Generator[None]:
    """Turn the first ctrl-C, SIGTERM or SIGHUP into Stopped, wherever we are; then the ending is not disturbed.

    SIGHUP stays ignored if it was (nohup); SIGINT does not: shells ignore it for what scripts start with `&`.
    """
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        _ignore_signals()
        raise Stopped

    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ignore_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
