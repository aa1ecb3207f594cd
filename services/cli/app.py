"""The commands of the console script and their help."""

import asyncio
import os
import sys
from typing import Annotated

import typer

from services.cli.folder import CannotStart, data_folder
from services.cli.looking import Data, audit, events, mail, projections
from services.cli.output import say

INTERRUPTED = 130  # what shells tell of ctrl-C

HELP = """
Aerodrome: a self-hosted control plane for Apache Airflow.

Start everything on this machine with `aerodrome up`; look into what happened with `aerodrome events`.
"""
app = typer.Typer(
    help=HELP, no_args_is_help=True, add_completion=False, rich_markup_mode="markdown", pretty_exceptions_enable=False
)
for name, commands in (("events", events), ("projections", projections), ("audit", audit), ("mail", mail)):
    app.add_typer(commands, name=name)

Count = Annotated[int, typer.Option(min=0, max=1_000_000)]
Port = Annotated[int, typer.Option("--port", envvar="AERODROME_PORT", min=1, max=65535, help="Port of the gateway.")]


@app.command()
def up(data: Data = None, port: Port = 8871) -> None:
    """Start everything on this machine: Postgres, NATS, a mail catcher and every service.

    It prints a line `ready: http://…` when all of it answers, restarts what dies, and ends in order on ctrl-C.
    The data stay in one folder; the next `up` goes on where this one ended.

    Example: `AERODROME_PORT=9000 AERODROME_DATA=/tmp/try aerodrome up`
    """
    from services.cli.up import up as run_up

    run_up(data_folder(data), port=port, outside=os.environ, say=say)


@app.command()
def run(service: Annotated[str, typer.Argument(help="identity, invites, deployments or gateway")]) -> None:
    """Run one process against given servers, as in a container; settings come from the environment.

    Needed are AERODROME_NATS_URL, AERODROME_NATS_USER and AERODROME_NATS_PASSWORD; for a service with a
    database also AERODROME_DATABASE_URL, and for identity and deployments AERODROME_MASTER_KEY
    (base64 of 32 bytes).

    Example: `AERODROME_NATS_URL=nats://nats:4222 … aerodrome run identity`
    """
    from services.cli.run import run_process

    run_process(service)


@app.command()
def runner() -> None:
    """Run the process whose children are the local Airflows, as `up` does; one an installation.

    It needs the settings of the deployments service, and AERODROME_AIRFLOW_FOLDER and AERODROME_AIRFLOW_DATABASE_URL:
    where the Airflows live, and a role of Postgres that may make databases and roles for them.

    Example: `AERODROME_AIRFLOW_FOLDER=/data/airflow … aerodrome runner`
    """
    from services.cli.run import RUNNER, run_process

    run_process(RUNNER)


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
        say(f"ran {name}")
    say(f"{service} is up to date")


@app.command()
def seed(
    users: Annotated[int, typer.Option(min=1, max=1_000_000)] = 1000,
    workspaces: Count = 50,
    service_accounts: Count = 200,
    teams: Count = 20,
    force: Annotated[bool, typer.Option(help="Seed although people live here already.")] = False,
    data: Data = None,
) -> None:
    """Fill the running `up` with invented people, workspaces, teams and service accounts, for load tests and trials.

    They come through the event store like everything else. Every person has an address at seed.test and one and the
    same published password, which the last line says: nothing for an installation that others can reach.

    Example: `aerodrome seed --users 100000 --workspaces 5000 --service-accounts 20000 --teams 1000`
    """
    from services.cli.seed import seed as run_seed
    from services.identity.seeding import Sizes

    sizes = Sizes(users=users, workspaces=workspaces, service_accounts=service_accounts, teams=teams)
    asyncio.run(run_seed(data_folder(data), sizes, force=force, say=say))


@app.command()
def logs(  # noqa: PLR0913, PLR0917 -- each is an option of the command
    deployment: Annotated[str, typer.Argument(help="Id or release name.")],
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new lines until ctrl-C.")] = False,
    component: Annotated[str, typer.Option(help="scheduler, webserver, triggerer or worker; default: all.")] = "",
    since: Annotated[str, typer.Option(help="From then on: 5m, 1h30m or an RFC 3339 time; default: all.")] = "",
    search: Annotated[str, typer.Option(help="Only lines with this text in them, in any case.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    url: Annotated[
        str, typer.Option(envvar="AERODROME_URL", help="Address of the gateway; default: that of the running `up`.")
    ] = "",
    token: Annotated[
        str, typer.Option(envvar="AERODROME_TOKEN", help="Token or key; others see it here, so use the variable.")
    ] = "",
    data: Data = None,
) -> None:
    """Show the log lines of a deployment that are kept, oldest first; with `-f` also new ones as they come.

    A line is shown once, also when the gateway was away meanwhile: with `-f` it goes on when that is back.
    Colours tell levels on a terminal, unless NO_COLOR is set.

    Example: `AERODROME_TOKEN=… aerodrome logs calm-comet-0001 -f --component scheduler --since 5m`
    """
    from services.cli.logs import Asked, show_lines

    asked = Asked(
        url=url or data_folder(data).state().url,
        token=token,
        deployment=deployment,
        follow=follow,
        component=component,
        since=since,
        search=search,
    )
    try:
        asyncio.run(show_lines(asked, as_json=as_json))
    except KeyboardInterrupt:
        raise typer.Exit(0 if follow else INTERRUPTED) from None


def main() -> None:
    """Run the command line; what can't go on ends with its reason and status 1."""
    try:
        app()
    except CannotStart as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
