"""What an Airflow is told: its environment variables and its components with their command lines; pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

from services.deployments.contract import AirflowSecrets, DeploymentId, Executor
from services.deployments.runner.environments import Environment
from services.deployments.runner.processes import MARK, Command
from services.deployments.runner.versions import WORKER_WORDS, Part, Version
from shared.errors import Invalid
from shared.servers.accounts import Account

ADMIN: Final = "admin"
MOST_PARALLEL: Final = 4
"""LocalExecutor forks all its workers at start, about 49 MB each."""

_OURS: Final = "AERODROME_"
_PROMPTED: Final = f"{_OURS}PROMPTED"
_ANSWER_PROMPTS: Final = (
    "import getpass, os; "
    f"getpass.getpass = lambda *_: os.environ[{_PROMPTED!r}]; "
    "from airflow.__main__ import main; main()"
)
_POOL: Final = {"POOL_SIZE": 3, "MAX_OVERFLOW": 7}
"""The most connections of a process of an Airflow: those of the server are shared with the services."""

_PASSED: Final = frozenset(
    {"LANG", "LC_ALL", "TZ", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"}
    | {"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"}
)
_DEFAULTS: Final = {
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
    "AIRFLOW__SCHEDULER__PARSING_PROCESSES": "1",
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseAddress:
    """Where the database of one Airflow is, and its role."""

    host: str
    port: int
    name: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AirflowSpec:
    """One Airflow as it shall be. `env` is the deployment's own, may hold secrets, and gives way to what we set.

    `folder` is its own, `account` whom its processes run under, `mark` names it and us, `base_url` is where users reach
    it; raises Invalid for another parallelism than 1 to 4.
    """

    deployment_id: DeploymentId
    version: Version
    folder: Path
    mark: str
    port: int
    database: DatabaseAddress
    secrets: AirflowSecrets = field(repr=False)
    executor: Executor = Executor.LOCAL
    parallelism: int = 2
    triggerer: bool = True
    base_url: str = ""
    account: Account | None = None
    env: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    def __post_init__(self) -> None:
        if not 1 <= self.parallelism <= MOST_PARALLEL:
            raise Invalid(f"parallelism is {self.parallelism}, expected 1 to {MOST_PARALLEL}")

    @property
    def home(self) -> Path:
        """AIRFLOW_HOME: its configuration file and its task logs."""
        return self.folder / "home"

    @property
    def temporary(self) -> Path:
        """TMPDIR."""
        return self.folder / "tmp"

    @property
    def dags(self) -> Path:
        """The folder of its DAG files."""
        return self.folder / "dags"

    @property
    def passwords_file(self) -> Path:
        """The file of the passwords of its users (3.x)."""
        return self.folder / "passwords.json"

    @property
    def web_configuration_file(self) -> Path:
        """The file by which the web server of a 2.x knows people."""
        return self.folder / "webserver_config.py"

    @property
    def endpoint(self) -> str:
        """Where its door listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Where we reach it ourselves: it knows itself by the path that people reach it by."""
        return f"{self.endpoint}{urlsplit(self.base_url).path}"


def parts_of(spec: AirflowSpec) -> tuple[Part, ...]:
    """Return the components that this Airflow consists of, the one that answers HTTP first."""
    parts = tuple(part for part in spec.version.line.parts if spec.triggerer or part is not Part.TRIGGERER)
    return (*parts, Part.WORKER) if spec.executor is Executor.CELERY else parts


def part_command(spec: AirflowSpec, environment: Environment, part: Part, outside: Mapping[str, str]) -> Command:
    """Return how a component is started."""
    words = WORKER_WORDS if part is Part.WORKER else spec.version.line.parts[part]
    return airflow_command(spec, environment, (part, *words), outside)


def airflow_command(
    spec: AirflowSpec, environment: Environment, words: tuple[str, ...], outside: Mapping[str, str]
) -> Command:
    """Return a call of this Airflow's command line; `outside` is our own environment, of which little is passed on."""
    return Command(
        program=(*environment.program, *words),
        environment=variables_of(spec, environment, outside),
        folder=spec.home,
        secrets=spec.secrets.all(),
        account=spec.account,
    )


def user_command(spec: AirflowSpec, environment: Environment, outside: Mapping[str, str]) -> Command:
    """Return how the user `admin` of a 2.x is made; it is asked for the password: everybody reads command lines."""
    # fmt: off
    words = (
        "users", "create", "--username", ADMIN, "--role", "Admin", "--firstname", "Admin", "--lastname", "Admin",
        "--email", "admin@example.invalid",
    )
    # fmt: on
    command = airflow_command(spec, environment, words, outside)
    told = {**command.environment, _PROMPTED: spec.secrets.admin_password}
    program = (str(environment.scripts / "python"), "-c", _ANSWER_PROMPTS, *words)
    return replace(command, program=program, environment=told)


def passwords_of(spec: AirflowSpec) -> str:
    """Return the content of the file of passwords."""
    return json.dumps({ADMIN: spec.secrets.admin_password})


def variables_of(spec: AirflowSpec, environment: Environment, outside: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment of every process of this Airflow.

    Of ours come only the language, the time zone, proxies and certificates; then the deployment's own; then what must
    not be changed: addresses, secrets, folders, and that nothing listens beyond 127.0.0.1.
    """
    own = {name: value for name, value in spec.env.items() if not name.startswith(_OURS)}
    passed = {name: value for name, value in outside.items() if name.upper() in _PASSED}
    return {**_DEFAULTS, **passed, **own, **_process(spec, environment, outside), **_core(spec), **_door(spec)}


def _process(spec: AirflowSpec, environment: Environment, outside: Mapping[str, str]) -> dict[str, str]:
    return {
        MARK: spec.mark,
        "HOME": str(spec.home),
        "AIRFLOW_HOME": str(spec.home),
        "TMPDIR": str(spec.temporary),
        **(dict.fromkeys(("USER", "LOGNAME"), spec.account.name) if spec.account else {}),  # it has no entry
        "PATH": f"{environment.scripts}:{outside.get('PATH', '/usr/local/bin:/usr/bin:/bin')}",
        "PYTHONUNBUFFERED": "1",
        "MALLOC_ARENA_MAX": "2",
        "SPT_NOENV": "1",  # titles of processes must not overwrite the mark in their environment
    }


def _core(spec: AirflowSpec) -> dict[str, str]:
    return {
        **spec.version.line.settings,
        **(_celery(spec) if spec.executor is Executor.CELERY else {}),
        "AIRFLOW__CORE__EXECUTOR": spec.executor,
        "AIRFLOW__CORE__PARALLELISM": str(spec.parallelism),
        "AIRFLOW__CORE__DAGS_FOLDER": str(spec.dags),
        "AIRFLOW__CORE__FERNET_KEY": spec.secrets.fernet_key,
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{spec.url}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{ADMIN}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(spec.passwords_file),
        "AIRFLOW__API_AUTH__JWT_SECRET": spec.secrets.jwt_secret,
        "AIRFLOW__WEBSERVER__CONFIG_FILE": str(spec.web_configuration_file),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": _connection(spec),
        **{f"AIRFLOW__DATABASE__SQL_ALCHEMY_{name}": str(value) for name, value in _POOL.items()},
        "AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK": "False",  # listens on every address of the machine
    }


def _celery(spec: AirflowSpec) -> dict[str, str]:
    """Return what a worker and the scheduler need to find each other: tables of Airflow's own database are the broker.

    So no broker has to run. Source: kombu's transport sqlalchemy; a message is seen within a second.
    """
    return {
        "AIRFLOW__CELERY__BROKER_URL": f"sqla+{_connection(spec)}",
        "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{_connection(spec)}",
        "AIRFLOW__CELERY__WORKER_CONCURRENCY": str(spec.parallelism),
        "AIRFLOW__CELERY__WORKER_ENABLE_REMOTE_CONTROL": "False",
    }


def _door(spec: AirflowSpec) -> dict[str, str]:
    names = spec.version.line.names
    return {
        names.host: "127.0.0.1",
        names.port: str(spec.port),
        names.workers: "1",
        names.base_url: spec.base_url or spec.url,
        names.secret_key: spec.secrets.web_secret,
    }


def _connection(spec: AirflowSpec) -> str:
    database = spec.database
    password = quote(spec.secrets.database_password, safe="")
    return f"postgresql+psycopg2://{database.role}:{password}@{database.host}:{database.port}/{database.name}"
