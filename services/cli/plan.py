"""What `aerodrome up` runs: every process with its command, its environment and its place in the order."""

import json
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from services.cli.folder import CannotStart, DataFolder, Secrets, write_private
from services.cli.run import RUNNER, START_AFTER
from services.deployments.contract import DriverName
from services.deployments.runner.roles import AIRFLOWS_ROLE, RUNNER_ROLE
from services.deployments.runner.settings import RunnerSettings
from services.deployments.settings import DeploymentsSettings
from services.gateway.settings import GatewaySettings
from services.identity.settings import IdentitySettings
from services.invites.settings import InvitesSettings
from services.nats_users import SERVICES, nats_accounts
from shared.servers.nats import EmbeddedNats
from shared.servers.postgres import EmbeddedPostgres
from shared.servers.process import Launch, free_port
from shared.settings import PREFIX, BusSettings, WrongSettings, load_settings

SETTINGS: Mapping[str, type[BusSettings]] = {
    "identity": IdentitySettings,
    "invites": InvitesSettings,
    "deployments": DeploymentsSettings,
    "gateway": GatewaySettings,
    RUNNER: RunnerSettings,
}
DEPLOYMENTS = "deployments"
DRIVER = f"{PREFIX}DRIVER"
# What a process may know of the shell that started us.
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
OF_CLUSTERS = ("KUBECONFIG", "KUBERNETES_SERVICE_", "HELM_")
SERVER_WAIT_S = 30
SERVICE_WAIT_S = 12
RUNNER_WAIT_S = 30


@dataclass(frozen=True, kw_only=True)
class Program:
    """One process under the supervisor; all start at once, and stop group by group in the other order."""

    name: str
    group: str
    order: int
    launch: Launch
    stop_signal: signal.Signals = signal.SIGTERM
    stop_wait_s: int = SERVICE_WAIT_S


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything of one run: the servers, the processes and where they answer."""

    folder: DataFolder
    secrets: Secrets
    url: str
    port: int
    postgres: EmbeddedPostgres
    nats: EmbeddedNats
    smtp_port: int
    health_ports: Mapping[str, int]
    has_runner: bool

    @property
    def own(self) -> tuple[str, ...]:
        """Return the names of our own processes that have a health door."""
        return (*SERVICES, *((RUNNER,) if self.has_runner else ()), "gateway")

    def owner_dsn(self, service: str) -> str:
        """Return the address that migrates a service's database."""
        return self.postgres.dsn(database=service, user=f"{service}_owner", password=self.secrets.owners[service])


def make_plan(folder: DataFolder, *, port: int, outside: Mapping[str, str]) -> Plan:
    """Return the plan of one run; `outside` is the environment of the person who starts it."""
    secrets = folder.secrets()
    return Plan(
        folder=folder,
        secrets=secrets,
        url=outside.get(f"{PREFIX}PUBLIC_URL") or f"http://127.0.0.1:{port}",
        port=port,
        postgres=EmbeddedPostgres(folder=folder.postgres, port=free_port(), password=secrets.postgres),
        nats=EmbeddedNats(folder=folder.nats, port=free_port(), accounts=nats_accounts(secrets.nats)),
        smtp_port=free_port(),
        health_ports={name: free_port() for name in (*SERVICES, RUNNER, "gateway")},
        has_runner=outside.get(DRIVER, DriverName.LOCAL) == DriverName.LOCAL,
    )


def programs(plan: Plan, outside: Mapping[str, str]) -> list[Program]:
    """Return every process of the plan and write the environment files they start with."""
    parent = f"@{plan.folder.run / 'supervisord.pid'}"
    servers = [
        Program(
            name="postgres",
            group="postgres",
            order=10,
            launch=plan.postgres.launch(parent=parent, pace_s=1.0),
            stop_signal=signal.SIGINT,
            stop_wait_s=SERVER_WAIT_S,
        ),
        Program(
            name="nats",
            group="nats",
            order=20,
            launch=plan.nats.launch(parent=parent, pace_s=1.0),
            stop_wait_s=SERVER_WAIT_S,
        ),
    ]
    return servers + [_own_program(plan, name, parent, outside) for name in ("mailcatcher", *plan.own)]


def _own_program(plan: Plan, name: str, parent: str, outside: Mapping[str, str]) -> Program:
    path = plan.folder.run / f"{name}.environment.json"
    write_private(path, json.dumps(environment(plan, name, outside)))
    command = [sys.executable, "-P", "-m", "services.cli", "run", name]
    order = {"mailcatcher": 30, "gateway": 50}.get(name, 40)
    launch = Launch(program=command, parent=parent, lock=plan.folder.run / f"{name}.lock", pace_s=1.0, environment=path)
    return Program(
        name=name,
        group=name if order != 40 else "services",
        order=order,
        launch=launch,
        stop_wait_s=RUNNER_WAIT_S if name == RUNNER else SERVICE_WAIT_S,
    )


def environment(plan: Plan, name: str, outside: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment of a process: its own settings and secrets, nobody else's.

    A setting that the person has set and that we don't decide is passed on to the processes that know it.
    """
    passed = {key: outside[key] for key in PASSED_ON if key in outside}
    decided = _settings(plan, name)
    wanted: dict[str, str] = {}
    if name in SETTINGS:
        known = {f"{PREFIX}{setting.upper()}" for setting in SETTINGS[name].model_fields}
        wanted = {key: value for key, value in outside.items() if key in known}
        if f"{PREFIX}SMTP_HOST" in wanted:  # a mail server of their own instead of the catcher
            decided = {key: value for key, value in decided.items() if not key.startswith("SMTP_")}
    if name == RUNNER:  # it installs: mirrors, caches and proxies
        passed |= {key: value for key, value in outside.items() if key.startswith("UV_") or key.upper() in PROXIES}
    if name == DEPLOYMENTS and outside.get(DRIVER) == DriverName.KUBERNETES:  # so does helm
        wanted_by_helm = {key for key in outside if key.startswith(OF_CLUSTERS) or key.upper() in PROXIES}
        passed |= {key: outside[key] for key in wanted_by_helm}
    ours = {f"{PREFIX}{key}": value for key, value in decided.items()}
    return {**passed, "PYTHONUNBUFFERED": "1", **wanted, **ours}


def check_settings(plan: Plan, outside: Mapping[str, str]) -> None:
    """Raise CannotStart, naming every one, where a setting of the person's would keep a process from starting."""
    wrong: dict[str, None] = {}
    for name, kind in SETTINGS.items():
        try:
            load_settings(kind, environment(plan, name, outside))
        except WrongSettings as error:
            wrong |= dict.fromkeys(str(error).split("; "))
    if wrong:
        raise CannotStart("; ".join(wrong))


def _settings(plan: Plan, name: str) -> dict[str, str]:
    if name == "mailcatcher":
        return {"SMTP_PORT": str(plan.smtp_port), "DATA": str(plan.folder.path)}
    service = DEPLOYMENTS if name == RUNNER else name  # of which the runner is a part in a process of its own
    settings = {
        "NATS_URL": plan.nats.url,
        "NATS_USER": name,
        "NATS_PASSWORD": plan.secrets.nats[name],
        "HEALTH_PORT": str(plan.health_ports[name]),
        "PUBLIC_URL": plan.url,
        START_AFTER: str(plan.folder.state_file),
    }
    if name == "gateway":
        return {**settings, "PORT": str(plan.port)}
    role = RUNNER_ROLE if name == RUNNER else service
    app_dsn = plan.postgres.dsn(database=service, user=role, password=plan.secrets.apps[role])
    settings |= {"DATABASE_URL": app_dsn, "MASTER_KEY": plan.secrets.master_keys[service]}
    if name == RUNNER:
        return {
            **settings,
            "AIRFLOW_FOLDER": str(plan.folder.airflow),
            "AIRFLOW_DATABASE_URL": plan.postgres.dsn(user=AIRFLOWS_ROLE, password=plan.secrets.apps[AIRFLOWS_ROLE]),
        }
    settings["HEADS_FOLDER"] = str(plan.folder.heads / name)
    if name == DEPLOYMENTS and plan.has_runner:
        settings["DRIVER"] = DriverName.LOCAL
    if name == "identity":
        settings["TOMBSTONES_FILE"] = str(plan.folder.tombstones)
    if name == "invites":
        settings |= {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(plan.smtp_port)}
    return settings
