"""The commands of the console script and their help."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from services.cli.folder import CannotStart, data_folder

HELP = """
Aerodrome: a self-hosted control plane for Apache Airflow.

Start everything on this machine with `aerodrome up`; look into what happened with `aerodrome events`.
"""
app = typer.Typer(help=HELP, no_args_is_help=True, rich_markup_mode="markdown", pretty_exceptions_enable=False)
mail = typer.Typer(help="Read what the local mail catcher of `up` has taken.", no_args_is_help=True)
app.add_typer(mail, name="mail")

Data = Annotated[
    Path | None,
    typer.Option("--data", envvar="AERODROME_DATA", help="Folder with everything; default: a per-user data folder."),
]
Port = Annotated[int, typer.Option("--port", envvar="AERODROME_PORT", min=1, max=65535, help="Port of the gateway.")]


@app.command()
def up(data: Data = None, port: Port = 8871) -> None:
    """Start everything on this machine: Postgres, NATS, a mail catcher and every service.

    It prints a line `ready: http://…` when all of it answers, restarts what dies, and ends in order on ctrl-C.
    The data stay in one folder; the next `up` goes on where this one ended.

    Example: `AERODROME_PORT=9000 AERODROME_DATA=/tmp/try aerodrome up`
    """
    from services.cli.up import up as run_up

    run_up(data_folder(data), port=port, outside=os.environ, say=_say)


@app.command()
def run(service: Annotated[str, typer.Argument(help="identity, invites, deployments or gateway")]) -> None:
    """Run one process against given servers, as in a container; settings come from the environment.

    Needed are AERODROME_NATS_URL, AERODROME_NATS_USER and AERODROME_NATS_PASSWORD; for a service with a
    database also AERODROME_DATABASE_URL, and for identity AERODROME_MASTER_KEY (base64 of 32 bytes).

    Example: `AERODROME_NATS_URL=nats://nats:4222 … aerodrome run identity`
    """
    from services.cli.run import run_process

    run_process(service)


@app.command()
def migrate(
    service: Annotated[str, typer.Argument(help="identity, invites or deployments")],
    owner_url: Annotated[
        str, typer.Option(envvar="AERODROME_OWNER_DATABASE_URL", help="Address of the database, as its owner role.")
    ] = "",
    data: Data = None,
) -> None:
    """Bring a service's database to the newest tables; `up` does this by itself.

    Without an address it migrates the database of the `up` that runs on the data folder.

    Example: `aerodrome migrate identity --owner-url postgresql://identity_owner:…@db/identity`
    """
    from services.cli.migrate import migrate_service

    for name in migrate_service(service, owner_url, data_folder(data)):
        _say(f"ran {name}")
    _say(f"{service} is up to date")


@mail.command("list")
def list_mail(data: Data = None) -> None:
    """List every mail, oldest first.

    Example: `aerodrome mail list`
    """
    from services.cli.mail import read_mails

    for each in read_mails(data_folder(data).mail):
        _say(each.summary())


@mail.command("show")
def show_mail(
    number: Annotated[int, typer.Argument(help="Number from `mail list`; without one: the newest")] = -1,
    data: Data = None,
) -> None:
    """Show one mail.

    Example: `aerodrome mail show` for the newest, `aerodrome mail show 3` for the third.
    """
    from services.cli.mail import find_mail

    _say(find_mail(data_folder(data).mail, number).text())


def main() -> None:
    """Run the command line; what can't go on ends with its reason and status 1."""
    try:
        app()
    except CannotStart as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)


def _say(text: str) -> None:
    try:
        print(text, flush=True)
    except BrokenPipeError:  # who read our output is gone; that is no reason to stop in disorder
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
