"""`aerodrome run`: one process of the installation."""

import importlib
import os
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from services.cli.folder import CannotStart
from services.nats_users import SERVICES
from shared.runtime.loop import run
from shared.settings import PREFIX, WrongSettings

PROCESSES = (*SERVICES, "gateway", "mailcatcher")


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
    module = importlib.import_module(f"services.{name}.app")
    if name == "gateway":
        gateway: Coroutine[Any, Any, None] = module.run_gateway()
        return gateway
    from shared.service import App, run_service

    app: App = module.APP
    return run_service(app)
