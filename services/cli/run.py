"""`aerodrome run`: one process of the installation."""

import importlib
import os
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from services.cli.folder import CannotStart
from services.nats_users import SERVICES
from shared.runtime.loop import run
from shared.settings import PREFIX, WrongSettings

START_AFTER = "START_AFTER"
"""What tells a process which file is there once the databases are up to date; until then it only loads itself."""
POLL_S = 0.05
RUNNER = "runner"
PROCESSES = (*SERVICES, "gateway", "mailcatcher", RUNNER)


def run_process(name: str) -> None:
    """Run a process of the installation until it is told to leave."""
    if name not in PROCESSES:
        raise CannotStart(f"there is no service {name}; there are {', '.join(PROCESSES)}")
    try:
        run(_process(name))
    except WrongSettings as error:
        raise CannotStart(str(error)) from error


def _process(name: str) -> Coroutine[Any, Any, None]:
    if name == "mailcatcher":
        from services.cli.mailcatcher import catch_mail

        maildir = Path(os.environ[f"{PREFIX}DATA"]) / "mail"
        return catch_mail(maildir, port=int(os.environ[f"{PREFIX}SMTP_PORT"]))
    if name == RUNNER:
        from services.deployments.runner.app import run_runner

        wait_for_the_databases()
        return run_runner()
    module = importlib.import_module(f"services.{name}.app")
    wait_for_the_databases()
    if name == "gateway":
        gateway: Coroutine[Any, Any, None] = module.run_gateway()
        return gateway
    from shared.service import App, run_service

    app: App = module.APP
    return run_service(app)


def wait_for_the_databases() -> None:
    """Return when `up` has brought them up to date; without an `up` that is the operator's to see to."""
    awaited = os.environ.get(f"{PREFIX}{START_AFTER}")
    while awaited and not Path(awaited).exists():
        time.sleep(POLL_S)
