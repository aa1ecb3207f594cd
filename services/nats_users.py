"""Who may publish and subscribe what on NATS: the one table behind every account and user of the bus."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.bus.connection import COMMANDS, login_name
from shared.servers.nats import NatsAccount, NatsUser

SERVICES = ("identity", "invites", "deployments")
RUNNER = "runner"
USERS = ("gateway", *SERVICES, RUNNER, "operator")
BUNDLES = "OBJ_bundles"  # the stream behind the object store `bundles`
LOGS = "logs"  # JetStream stream of component logs; its subjects are logs.>

# What a service asks of the others, besides the events of a stream that it reads. Every service may ask for grants.
ASKS: Mapping[str, Sequence[str]] = {
    "identity": ("deployments.command.close_workspace",),
    "invites": (
        "identity.command.invite_user",
        "identity.command.withdraw_invitation",
        "identity.query.find_person",
        "identity.query.mail_details",
    ),
    "deployments": ("identity.query.load_workspaces",),
}


@dataclass(frozen=True, kw_only=True)
class Stream:
    """A JetStream stream, alone in the account of its name.

    `pulled`: its keeper and its readers ask for messages, else its readers get them. `writers` put objects into it
    besides its keeper, who reads and deletes them; `feeders` only send it messages.
    """

    name: str
    subjects: str
    keeper: str
    readers: tuple[str, ...] = ()
    pulled: bool = False
    writers: tuple[str, ...] = ()
    feeders: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Subjects:
    """What one user may publish and subscribe."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


def event_stream(service: str) -> str:
    """Return the name of the JetStream stream with a service's events."""
    return f"{service}-events"


# NATS holds neither a stream's own subjects, nor where JetStream sends what it holds (answers, pushed messages,
# republished ones), nor the sources of a stream against anybody's permissions. Streams are made by their services all
# the same, so that each heals itself when JetStream's data are lost: hence an account a stream, where there is nothing
# else to capture, to copy or to send to.
STREAMS: Sequence[Stream] = (
    *(
        Stream(name=event_stream(service), subjects=f"{service}.events.>", keeper=service, readers=readers)
        for service, readers in {"identity": ("invites",), "invites": (), "deployments": ("identity",)}.items()
    ),
    Stream(name=LOGS, subjects="logs.>", keeper="deployments", readers=("gateway",), pulled=True, feeders=(RUNNER,)),
    Stream(name=BUNDLES, subjects="$O.bundles.>", keeper="deployments", writers=("gateway",)),
)


def inbox_prefix(user: str) -> str:
    """Return the prefix of a user's own inboxes; nobody else may listen there."""
    return f"_INBOX_{user}"


def answers_prefix(user: str, service: str) -> str:
    """Return the prefix of the inboxes in which `user` takes the answers of a service; no other may send there."""
    return f"{inbox_prefix(user)}.{service}"


def streams_of(user: str) -> tuple[str, ...]:
    """Return the names of the streams that a process of `user` keeps, reads or writes."""
    return tuple(each.name for each in STREAMS if user in {each.keeper, *each.readers, *each.writers, *each.feeders})


def nats_accounts(passwords: Mapping[str, str]) -> list[NatsAccount]:
    """Return every account of the bus with its users; `passwords` holds one for each of USERS, in all its accounts."""
    commands = {name: _commands(name) for name in USERS}
    return [
        _account(COMMANDS, commands, passwords, jetstream=False),
        *(_account(each.name, _users_of(each), passwords, jetstream=True) for each in STREAMS),
    ]


def _account(name: str, users: Mapping[str, Subjects], passwords: Mapping[str, str], *, jetstream: bool) -> NatsAccount:
    made = [
        NatsUser(
            name=login_name(user, name),
            password=passwords[user],
            publish=allowed.publish,
            subscribe=(f"{inbox_prefix(user)}.>", *allowed.subscribe),
        )
        for user, allowed in users.items()
    ]
    return NatsAccount(name=name, users=made, jetstream=jetstream)


def _commands(user: str) -> Subjects:
    match user:
        case "gateway":
            asked = tuple(f"{service}.{kind}.>" for service in SERVICES for kind in ("command", "query"))
            return Subjects(publish=asked, subscribe=("identity.revoked", "nudge.>"))
        case "operator":  # the CLI: looks at everything, sends no commands
            asked = tuple(f"{service}.query.>" for service in SERVICES)
            nudges = tuple(f"nudge.{service}" for service in SERVICES)
            return Subjects(publish=(*asked, *nudges), subscribe=("identity.revoked", "nudge.>"))
        case "runner":  # of the deployments service, but it takes and sends no commands
            return Subjects(publish=(), subscribe=())
        case _:
            return _service(user)


def _service(service: str) -> Subjects:
    publish = [f"{service}.revoked", f"nudge.{service}", *ASKS[service]]
    publish += [f"{each.keeper}.query.events" for each in STREAMS if service in each.readers]
    publish += ["identity.query.grants"] if service != "identity" else []
    publish += [f"{answers_prefix(asker, service)}.>" for asker in USERS]
    subscribe = ("identity.revoked", f"{service}.command.*", f"{service}.query.*", f"nudge.{service}")
    return Subjects(publish=tuple(publish), subscribe=subscribe)


def _users_of(stream: Stream) -> dict[str, Subjects]:
    operator = Subjects(publish=("$JS.>",), subscribe=(stream.subjects,))
    readers = {reader: Subjects(publish=_reads(stream), subscribe=()) for reader in stream.readers}
    writers = {writer: Subjects(publish=_puts(stream), subscribe=()) for writer in stream.writers}
    feeders = {feeder: Subjects(publish=(stream.subjects,), subscribe=()) for feeder in stream.feeders}
    takes = ("$JS.API.STREAM.NAMES", f"$JS.FC.{stream.name}.>", *_reads(stream)) if stream.writers else ()
    pulls = _reads(stream) if stream.pulled else ()
    kept = (*_keeps(stream), *takes, *pulls)
    return {stream.keeper: Subjects(publish=kept, subscribe=()), **readers, **writers, **feeders, "operator": operator}


def _keeps(stream: Stream) -> tuple[str, ...]:
    kept = (f"$JS.API.STREAM.{word}.{stream.name}" for word in ("INFO", "CREATE", "UPDATE", "PURGE", "MSG.GET"))
    return (stream.subjects, *kept)


def _puts(stream: Stream) -> tuple[str, ...]:
    asked = (f"$JS.API.STREAM.{word}.{stream.name}" for word in ("INFO", "MSG.GET", "PURGE"))
    return (stream.subjects, *asked)


def _reads(stream: Stream) -> tuple[str, ...]:
    # Who may pull may have JetStream send an empty message to any subject of the account, and so empty the stream.
    pull = (f"$JS.API.CONSUMER.MSG.NEXT.{stream.name}.>",) if stream.pulled else ()
    return (
        f"$JS.API.STREAM.INFO.{stream.name}",
        f"$JS.API.STREAM.MSG.GET.{stream.name}",
        f"$JS.API.CONSUMER.CREATE.{stream.name}",
        f"$JS.API.CONSUMER.CREATE.{stream.name}.>",
        f"$JS.API.CONSUMER.DELETE.{stream.name}.*",
        *pull,
    )
