"""The supervisor of `aerodrome up`: supervisord with a generated configuration, and what we ask of it."""

import http.client
import os
import secrets
import shlex
import sys
import xmlrpc.client
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.cli import wakeful
from services.cli.folder import CannotStart, DataFolder, write_private
from services.cli.plan import Program
from shared.servers.process import Child, Launch, free_port, start

LOG_BYTES = "10MB"
LOG_FILES = 3
ASK_TIMEOUT_S = 5.0


@dataclass(frozen=True, kw_only=True)
class Supervisor:
    """A supervisord of ours: it restarts whatever dies, for ever, at most once a second each (the shim's pace)."""

    folder: DataFolder
    port: int = field(default_factory=free_port)
    password: str = field(default_factory=lambda: secrets.token_hex(24))

    def start(self, programs: Sequence[Program]) -> Child:
        """Write the configuration and start supervisord as our child; it ends when we end."""
        path = self.folder.run / "supervisord.conf"
        write_private(path, self.configuration(programs))
        (self.folder.run / "supervisord.pid").unlink(missing_ok=True)
        program = [sys.executable, "-P", "-m", "supervisor.supervisord", "--nodaemon", "--configuration", str(path)]
        launch = Launch(
            program=program,
            death_signal="TERM",
            parent=str(os.getpid()),
            folder=self.folder.run,
            lock=self.folder.run / "supervisord.lock",  # the next one waits for it: its end removes the file of its id
        )
        return start(launch, output=self.folder.logs / "supervisord.out")

    def configuration(self, programs: Sequence[Program]) -> str:
        """Return supervisord's configuration file."""
        head = [
            "[supervisord]",
            f"logfile={_text(self.folder.logs / 'supervisord.log')}",
            f"pidfile={_text(self.folder.run / 'supervisord.pid')}",
            f"childlogdir={_text(self.folder.logs)}",
            "nodaemon=true",
            "silent=true",
            "umask=077",
            *(["user=root"] if os.geteuid() == 0 else []),
            "[inet_http_server]",
            f"port=127.0.0.1:{self.port}",
            "username=aerodrome",
            f"password={self.password}",
            "[rpcinterface:supervisor]",
            "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
            "[rpcinterface:wakeful]",
            f"supervisor.rpcinterface_factory={wakeful.FACTORY}",
        ]
        lines = [*head, *(line for program in programs for line in self._program(program)), *_groups(programs)]
        return "\n".join(lines) + "\n"

    def _program(self, program: Program) -> list[str]:
        return [
            f"[program:{program.name}]",
            f"command={_text(shlex.join(program.launch.command()))}",
            f"priority={program.order}",
            "autostart=true",
            "autorestart=true",
            "startsecs=0",  # any end is an end after a start: no back-off that grows, no giving up
            f"stopsignal={program.stop_signal.name.removeprefix('SIG')}",
            f"stopwaitsecs={program.stop_wait_s}",
            "redirect_stderr=true",
            f"stdout_logfile={_text(self.folder.logs / f'{program.name}.log')}",
            f"stdout_logfile_maxbytes={LOG_BYTES}",
            f"stdout_logfile_backups={LOG_FILES}",
        ]

    def starts(self) -> dict[str, tuple[int, str]]:
        """Return process id and state of every program by name."""
        rows: list[dict[str, Any]] = self._ask(lambda rpc: rpc.getAllProcessInfo())
        return {str(row["name"]): (int(row["pid"]), str(row["statename"])) for row in rows}

    def answers(self) -> bool:
        """Return whether supervisord takes our questions."""
        try:
            self.starts()
        except CannotStart:
            return False
        return True

    def _ask(self, question: Callable[[Any], Any]) -> Any:
        address = f"http://aerodrome:{self.password}@127.0.0.1:{self.port}/RPC2"
        try:
            with xmlrpc.client.ServerProxy(address) as server:
                return question(server.supervisor)
        except (OSError, http.client.HTTPException, xmlrpc.client.Error) as error:
            raise CannotStart(f"supervisord does not answer: {type(error).__name__}") from error


def _groups(programs: Sequence[Program]) -> list[str]:
    lines: list[str] = []
    for group in dict.fromkeys(program.group for program in programs):
        members = [program for program in programs if program.group == group]
        names = ",".join(program.name for program in members)
        lines += [f"[group:{group}]", f"programs={names}", f"priority={members[0].order}"]
    return lines


def _text(value: Path | str) -> str:
    text = str(value)
    if " ;" in text or " #" in text or "\n" in text:
        raise CannotStart(f"supervisord can't take a path like {text}; set AERODROME_DATA to a plainer one")
    return text.replace("%", "%%")


def answers_ready(port: int, path: str) -> bool:
    """Return whether the HTTP door on a port of 127.0.0.1 answers 200."""
    door = http.client.HTTPConnection("127.0.0.1", port, timeout=ASK_TIMEOUT_S)
    try:
        door.request("GET", path)
        return door.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        door.close()
