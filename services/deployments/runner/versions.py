"""The Airflow versions that the local runner offers, and what differs between their two lines, as data."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from services.deployments.drivers.door_tokens import NEW_VARIABLES
from shared.errors import Invalid


class Part(StrEnum):
    """A component of an Airflow by the name of its own command; also the part of a pipe of log lines."""

    API_SERVER = "api-server"
    WEBSERVER = "webserver"
    SCHEDULER = "scheduler"
    DAG_PROCESSOR = "dag-processor"
    TRIGGERER = "triggerer"
    WORKER = "celery"


_NO_LOG_SERVER: Final = ("--skip-serve-logs",)  # it would listen on every address of the machine
WORKER_WORDS: Final = ("worker", *_NO_LOG_SERVER, "--without-mingle", "--without-gossip")
"""What follows the command of a Celery worker; there are no others whom it could ask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The variables of the door's settings."""

    host: str
    port: str
    workers: str
    base_url: str
    secret_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What the versions of one line have in common.

    `parts`: arguments after each component's command; `door`: the one that answers HTTP; `names`: the settings
    that are called otherwise in the other line. `makes_user`: its first user is made by a command, not by a file.
    `at_start`: what every interpreter runs first, each a line that begins with `import`. `left_out`: packages that it
    asks for and never imports, of which there is source only: no code of a package runs while it is installed.
    """

    door: Part
    names: Names
    health_path: str
    parts: Mapping[Part, Sequence[str]]
    makes_user: bool
    at_start: Sequence[str] = ()
    left_out: Sequence[str] = ()
    settings: Mapping[str, str] = field(default_factory=dict[str, str])


_OLD: Final = Line(
    door=Part.WEBSERVER,
    names=Names(
        host="AIRFLOW__WEBSERVER__WEB_SERVER_HOST",
        port="AIRFLOW__WEBSERVER__WEB_SERVER_PORT",
        workers="AIRFLOW__WEBSERVER__WORKERS",
        base_url="AIRFLOW__WEBSERVER__BASE_URL",
        secret_key="AIRFLOW__WEBSERVER__SECRET_KEY",  # noqa: S106 -- a name
    ),
    health_path="/health",
    parts={
        Part.WEBSERVER: (),
        Part.SCHEDULER: _NO_LOG_SERVER,
        Part.DAG_PROCESSOR: (),
        Part.TRIGGERER: _NO_LOG_SERVER,
    },
    makes_user=True,
    at_start=(
        # dag-processor uses the module unimported, so that it crashes on an empty folder: apache/airflow#36885. Its
        # family: LocalExecutor's socket would be a file below TMPDIR, whose path is soon longer than a socket's may be.
        "import multiprocessing.connection as found; found.default_family = 'AF_INET'",
    ),
    left_out=("python-nvd3",),
    settings={
        "AIRFLOW__SCHEDULER__STANDALONE_DAG_PROCESSOR": "True",
        "AIRFLOW__SCHEDULER__DAG_DIR_LIST_INTERVAL": "10",
        "AIRFLOW__API__AUTH_BACKENDS": "airflow.api.auth.backend.basic_auth,airflow.api.auth.backend.session",
        "AIRFLOW__WEBSERVER__ENABLE_PROXY_FIX": "True",
    },
)
_NEW: Final = Line(
    door=Part.API_SERVER,
    names=Names(
        host="AIRFLOW__API__HOST",
        port="AIRFLOW__API__PORT",
        workers="AIRFLOW__API__WORKERS",
        base_url="AIRFLOW__API__BASE_URL",
        secret_key="AIRFLOW__API__SECRET_KEY",  # noqa: S106 -- a name
    ),
    health_path="/api/v2/monitor/health",
    parts={
        Part.API_SERVER: (),
        Part.SCHEDULER: _NO_LOG_SERVER,
        Part.DAG_PROCESSOR: (),
        Part.TRIGGERER: _NO_LOG_SERVER,
    },
    makes_user=False,
    settings={
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
        "AIRFLOW__LOGGING__JSON_LOGS": "True",
        **NEW_VARIABLES,
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One offered version.

    `exclude_newer`: dependencies published from this day on are not taken; later ones install and break at run time.
    `too_new`: the first Python 3.x that it refuses. `echoes`: with LocalExecutor the scheduler repeats what tasks say.
    `pinned`: a further requirement for an extra, where the newest of the day is broken.
    """

    number: str
    exclude_newer: date
    too_new: int
    line: Line
    echoes: bool = False
    pinned: Mapping[str, str] = field(default_factory=dict[str, str])

    def recipe(self, extras: Sequence[str]) -> str:
        """Return a short digest of what an environment has beside the packages of its day, "" for nothing."""
        special = [*self.line.at_start, *(self.pinned[extra] for extra in extras if extra in self.pinned)]
        return hashlib.sha256("\n".join(special).encode()).hexdigest()[:6] if special else ""


VERSIONS: Final[Mapping[str, Version]] = {
    each.number: each
    for each in (
        Version(number="3.3.2", exclude_newer=date(2026, 9, 19), too_new=15, line=_NEW, echoes=True),
        Version(number="3.1.8", exclude_newer=date(2026, 3, 13), too_new=14, line=_NEW),
        Version(
            number="2.11.2",
            exclude_newer=date(2026, 3, 16),
            too_new=13,
            line=_OLD,
            # Later ones send workers a task by a name under which an Airflow 2 does not know it.
            pinned={"celery": "apache-airflow-providers-celery<3.13"},
        ),
    )
}
"""Newest first. Each was installed, started and had a DAG run by the tests below tests/integration/runner."""


def version_of(number: str) -> Version:
    """Return an offered version; raises Invalid for another."""
    if number not in VERSIONS:
        raise Invalid(f"airflow {number} is not offered; offered are {', '.join(VERSIONS)}")
    return VERSIONS[number]
