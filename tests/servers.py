"""Real servers for tests: one Postgres with a template per service, private ones to hurt, private NATS."""

import os
import secrets
from dataclasses import dataclass, field, replace
from pathlib import Path

import asyncpg

from services.migration_folders import migration_folders
from services.nats_users import USERS, inbox_prefix, nats_accounts
from shared.bus.connection import COMMANDS, login_name
from shared.migrations import migrate
from shared.servers.databases import ServiceDatabase, prepare_database
from shared.servers.nats import EmbeddedNats, NatsAccount, NatsUser
from shared.servers.postgres import EmbeddedPostgres
from shared.servers.process import Child, free_port

PASSWORD = "secret-of-tests"
EVERYTHING = "test"  # a NATS user without limits, one in each account
NOT_SYNCED = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "on"}


@dataclass(frozen=True, kw_only=True)
class Database:
    """A database of one test, migrated; `app_dsn` is what the service itself would use."""

    name: str
    app_dsn: str
    owner_dsn: str
    admin_dsn: str


@dataclass
class PostgresForTests:
    """A running Postgres that makes migrated databases by copying a template a service."""

    server: EmbeddedPostgres
    child: Child = field(init=False)
    _templates: set[str] = field(default_factory=set[str], init=False)

    def __post_init__(self) -> None:
        self.child = self.server.start()

    async def new_database(self, service: str) -> Database:
        """Return a new database like that of `service`; "kernel" has the kernel's tables only."""
        if service not in self._templates:
            await self._make_template(service)
        name = f"{service}_{secrets.token_hex(6)}"
        await self._admin(f"create database {name} template {service} owner {service}_owner strategy file_copy")
        return self.existing_database(service, name)

    def existing_database(self, service: str, name: str) -> Database:
        """Return the addresses of a database; they change when the server is started on another port."""
        return Database(
            name=name,
            app_dsn=self.server.dsn(database=name, user=service, password=PASSWORD),
            owner_dsn=self.server.dsn(database=name, user=f"{service}_owner", password=PASSWORD),
            admin_dsn=self.server.dsn(database=name),
        )

    async def drop_database(self, database: Database) -> None:
        """Drop it and end every session that is still in it."""
        await self._admin(f"drop database if exists {database.name} with (force)")

    async def _make_template(self, service: str) -> None:
        template = ServiceDatabase(name=service, owner_password=PASSWORD, app_password=PASSWORD)
        await prepare_database(self.server.dsn(), template)
        owner_dsn = self.server.dsn(database=service, user=template.owner, password=PASSWORD)
        await migrate(owner_dsn, migration_folders(service))
        self._templates.add(service)

    async def _admin(self, statement: str) -> None:
        connection = await asyncpg.connect(self.server.dsn())
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def kill(self) -> None:
        """End the server with SIGKILL, as a crash would."""
        self.child.kill()

    def restart(self) -> None:
        """Start it again on the same port and data; ends it in order first if it runs."""
        self.child.stop()
        self.child = self.server.start()


@dataclass
class NatsForTests:
    """A running NATS of one test, with the product's accounts and users, and one in each without limits."""

    server: EmbeddedNats
    child: Child = field(init=False)

    def __post_init__(self) -> None:
        self.child = self.server.start()

    @property
    def url(self) -> str:
        """Address of the server, without a user."""
        return self.server.url

    def login(self, user: str = EVERYTHING, *, stream: str = "") -> "Login":
        """Return what a client of `user` connects with, for commands or for one stream."""
        name = login_name(user, stream or COMMANDS)
        password = self.server.credentials()[name]
        return Login(url=self.url, user=name, password=password, inbox_prefix=inbox_prefix(user))

    def kill(self) -> None:
        """End the server with SIGKILL, as a crash would."""
        self.child.kill()

    def restart(self) -> None:
        """Start it again on the same port and store; ends it in order first if it runs."""
        self.child.stop()
        self.child = self.server.start()


@dataclass(frozen=True, kw_only=True)
class Login:
    """Address and user of a NATS client."""

    url: str
    user: str
    password: str
    inbox_prefix: str


def start_postgres(folder: Path, *, synced: bool = True) -> PostgresForTests:
    """Start a Postgres in `folder`; `synced` is False where no crash of the machine is tested: faster."""
    settings = {} if synced else NOT_SYNCED
    server = EmbeddedPostgres(folder=folder, port=free_port(), password=PASSWORD, settings=settings)
    return PostgresForTests(server)


def start_nats(folder: Path) -> NatsForTests:
    """Start a NATS in `folder` with the product's accounts and users, and the user `test` in each."""
    accounts = [_with_everything(account) for account in nats_accounts(dict.fromkeys(USERS, PASSWORD))]
    return NatsForTests(EmbeddedNats(folder=folder, port=free_port(), accounts=accounts))


def _with_everything(account: NatsAccount) -> NatsAccount:
    name = login_name(EVERYTHING, account.name)
    everything = NatsUser(name=name, password=PASSWORD, publish=[">"], subscribe=[">"])
    answering = [replace(user, publish=[*user.publish, f"{inbox_prefix(EVERYTHING)}.>"]) for user in account.users]
    return replace(account, users=[*answering, everything])


def alive(pid: int) -> bool:
    """Return whether a process runs (a zombie does not)."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):  # it may end between the opening and the reading
        return False
    except NotADirectoryError:
        os.kill(pid, 0)
        return True
    return text.rpartition(")")[2].split()[0] not in "ZX"
