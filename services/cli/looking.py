"""The commands `events`, `projections`, `audit` and `mail` and their help."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from services.cli.folder import CannotStart, data_folder
from services.cli.output import say

events = typer.Typer(
    help="Look into the event stores: what happened, when, by whom. Personal data stay encrypted.",
    no_args_is_help=True,
)
projections = typer.Typer(
    help="Look after what follows the events: read models, policies, the publisher.", no_args_is_help=True
)
audit = typer.Typer(
    help="Read who did what, when, from where and on what, refused attempts included.", no_args_is_help=True
)
mail = typer.Typer(help="Read what the local mail catcher of `up` has taken.", no_args_is_help=True)

Data = Annotated[
    Path | None,
    typer.Option("--data", envvar="AERODROME_DATA", help="Folder with everything; default: a per-user data folder."),
]
OneOrAll = Annotated[str, typer.Option("--service", "-s", help="identity, invites or deployments; default: all.")]
Service = Annotated[str, typer.Argument(help="identity, invites or deployments")]


@events.command("list")
def list_stream(
    stream: Annotated[str, typer.Argument(help="Kind and id, as `user-cm3x…`; `events tail` shows names.")],
    service: OneOrAll = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    data: Data = None,
) -> None:
    """List the events of one stream, oldest first.

    Example: `aerodrome events list workspace-cm3x0a1b2c3d4e5f6g7h8i9j0`
    """
    from services.cli.environments import environments
    from services.cli.history import read_stream

    for shown in asyncio.run(read_stream(environments(data_folder(data), service), stream)):
        say(shown.json() if as_json else shown.line())


@events.command("tail")
def tail_events(
    service: OneOrAll = "",
    last: Annotated[int, typer.Option(min=0, max=500, help="Events of each service to begin with.")] = 10,
    follow: Annotated[bool, typer.Option(help="Go on with new events until ctrl-C.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    data: Data = None,
) -> None:
    """Show the last events and every new one as it is stored.

    Example: `aerodrome events tail --service identity --last 50 --no-follow`
    """
    from services.cli.environments import environments
    from services.cli.history import tail

    async def show() -> None:
        async for shown in tail(environments(data_folder(data), service), last=last, follow=follow):
            say(shown.json() if as_json else shown.line())

    asyncio.run(show())


@events.command("verify")
def verify_events(service: OneOrAll = "", data: Data = None) -> None:
    """Check that no stored event was altered, left out or put in; ends with status 1 and names the first break.

    Checked are the hash chain of every stream, the head of the store and the signed heads kept outside it.

    Example: `aerodrome events verify --service identity`
    """
    from services.cli.environments import environments
    from services.cli.verifying import report, verify_store

    broken = False
    for name, environment in environments(data_folder(data), service).items():
        found = asyncio.run(verify_store(name, environment))
        broken = broken or found.broken is not None
        say(report(name, found))
    if broken:
        raise typer.Exit(1)


@events.command("republish")
def republish_events(
    service: Service,
    position: Annotated[int, typer.Option("--from", min=1, help="First position to publish; 1 is everything.")] = 1,
    data: Data = None,
) -> None:
    """Fill a service's JetStream stream anew from its store, as after JetStream's data were lost.

    Consumers keep the positions they have seen, so nothing takes effect twice.

    Example: `aerodrome events republish identity --from 1200`
    """
    from services.cli.mending import republish

    reached = asyncio.run(republish(data_folder(data), service, position))
    say(f"{service}: published again from {position} to {reached}")


@projections.command("status")
def show_status(service: OneOrAll = "", data: Data = None) -> None:
    """Show where every follower stands, which streams are parked and which jobs wait, are set for later or are dead.

    Example: `aerodrome projections status --service identity`
    """
    from services.cli.environments import environments
    from services.cli.mending import status_lines

    folder = data_folder(data)
    for line in asyncio.run(status_lines(folder, list(environments(folder, service)))):
        say(line)


@projections.command("rebuild")
def rebuild_projection(
    service: Service,
    projection: Annotated[str, typer.Argument(help="Name, as `projections status` shows it.")],
    data: Data = None,
) -> None:
    """Fill the tables of a projection anew beside the running ones, then swap; the service goes on meanwhile.

    Example: `aerodrome projections rebuild identity identity`
    """
    from services.cli.mending import rebuild

    say(f"{projection}: rebuilt up to {asyncio.run(rebuild(data_folder(data), service, projection))}")


@projections.command("replay")
def replay_stream(
    service: Service,
    follower: Annotated[str, typer.Argument(help="Name, as `projections status` shows it.")],
    stream: Annotated[str, typer.Argument(help="The parked stream.")],
    data: Data = None,
) -> None:
    """Apply the waiting events of a parked stream in order, then let it follow again.

    Example: `aerodrome projections replay identity identity user-cm3x0a1b2c3d4e5f6g7h8i9j0`
    """
    from services.cli.mending import replay

    if not asyncio.run(replay(data_folder(data), service, follower, stream)):
        raise CannotStart(f"{stream} failed again and stays parked; `aerodrome projections status` shows why")
    say(f"{stream}: follows again")


@projections.command("requeue")
def requeue_job(
    service: Service,
    job: Annotated[int, typer.Argument(help="Number of the dead job, as `projections status` shows it.")],
    data: Data = None,
) -> None:
    """Give a dead job another round of attempts.

    Example: `aerodrome projections requeue invites 17`
    """
    from services.cli.mending import requeue

    if not asyncio.run(requeue(data_folder(data), service, job)):
        raise CannotStart(f"{service} has no dead job {job}")
    say(f"job {job} will be tried again")


@audit.command("export")
def export_audit(
    since: Annotated[datetime | None, typer.Option(help="From this time on, UTC: a day, or a day and time.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Up to this time, without it, UTC.")] = None,
    workspace: Annotated[str, typer.Option(help="Only what concerns this workspace.")] = "",
    service: OneOrAll = "",
    data: Data = None,
) -> None:
    """Write every record as a line of JSON: of each service its events, oldest first, then what it refused.

    Address and program stand there where the key to them is at hand: on the data folder of `up`, or in a container with
    the settings of identity. If records are missing, it says so and ends with status 1.

    Example: `aerodrome audit export --since 2026-08-01 --workspace cm3x0a1b2c3d4e5f6g7h8i9j0 > audit.ndjson`
    """
    from services.cli.auditing import Export
    from services.cli.environments import environment_beside, environments

    folder = data_folder(data)
    given = environments(folder, service)
    export = Export(given, environment_beside(folder, given, "identity"), workspace, _utc(since), _utc(until))

    async def write() -> None:
        async for line in export.lines():
            say(line)

    asyncio.run(write())
    if export.missing:
        raise CannotStart("; ".join(export.missing))


def _utc(time: datetime | None) -> datetime | None:
    return time and time.replace(tzinfo=UTC)


@mail.command("list")
def list_mail(data: Data = None) -> None:
    """List every mail, oldest first.

    Example: `aerodrome mail list`
    """
    from services.cli.mail import caught_in, read_mails

    folder = caught_in(data_folder(data))
    mails = read_mails(folder)
    say("\n".join(each.summary() for each in mails) if mails else f"no mail in {folder}")


@mail.command("show")
def show_mail(
    number: Annotated[int, typer.Argument(help="Number from `mail list`; without one: the newest")] = -1,
    data: Data = None,
) -> None:
    """Show one mail.

    Example: `aerodrome mail show` for the newest, `aerodrome mail show 3` for the third.
    """
    from services.cli.mail import caught_in, find_mail

    say(find_mail(caught_in(data_folder(data)), number).text())
