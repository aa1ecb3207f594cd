"""Who may publish and subscribe what on NATS: the one table behind every user of the bus."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.servers.nats import NatsUser

SERVICES = ("identity", "invites", "deployments")
USERS = ("gateway", *SERVICES, "operator")
LOGS = "logs"  # JetStream stream of component logs; its subjects are logs.>

# What a service asks of the others. Every service may read the others' events and ask for grants.
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
class Subjects:
    """What one user may publish and subscribe."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


def event_stream(service: str) -> str:
    """Return the name of the JetStream stream with a service's events."""
    return f"{service}-events"


def inbox_prefix(user: str) -> str:
    """Return the prefix of a user's own inboxes; nobody else may listen there."""
    return f"_INBOX_{user}"


def answers_prefix(user: str, service: str) -> str:
    """Return the prefix of the inboxes in which `user` takes the answers of a service; no other may send there."""
    return f"{inbox_prefix(user)}.{service}"


def subjects(user: str) -> Subjects:
    """Return what `user` may publish and subscribe."""
    match user:
        case "gateway":
            return _gateway()
        case "operator":
            return _operator()
        case _:
            return _service(user)


def nats_users(passwords: Mapping[str, str]) -> list[NatsUser]:
    """Return every user of the bus with the password that `passwords` holds for it."""
    users: list[NatsUser] = []
    for name in USERS:
        allowed = subjects(name)
        users.append(
            NatsUser(name=name, password=passwords[name], publish=allowed.publish, subscribe=allowed.subscribe)
        )
    return users


def _gateway() -> Subjects:
    asked = [f"{service}.{kind}.>" for service in SERVICES for kind in ("command", "query")]
    return Subjects(
        publish=(*asked, *_reads_stream(LOGS)),
        subscribe=(*_listens("gateway"), "nudge.>", "logs.>"),
    )


def _service(service: str) -> Subjects:
    others = [other for other in SERVICES if other != service]
    publish = [f"{service}.events.>", f"{service}.revoked", f"nudge.{service}", *ASKS[service]]
    publish += [f"{other}.query.events" for other in others]
    publish += ["identity.query.grants"] if service != "identity" else []
    publish += [f"{answers_prefix(asker, service)}.>" for asker in USERS]
    publish += _keeps_stream(event_stream(service))
    for other in others:
        publish += _reads_stream(event_stream(other))
    if service == "deployments":
        publish += ["logs.>", *_keeps_stream(LOGS)]
    subscribe = (*_listens(service), f"{service}.command.*", f"{service}.query.*", f"nudge.{service}")
    return Subjects(publish=tuple(dict.fromkeys(publish)), subscribe=subscribe)


def _operator() -> Subjects:
    # The CLI: looks at everything, publishes events anew, sends no commands.
    publish = ["$JS.>"]
    publish += [f"{service}.{kind}.>" for service in SERVICES for kind in ("query", "events")]
    publish += [f"nudge.{service}" for service in SERVICES]
    subscribe = (*_listens("operator"), *(f"{service}.events.>" for service in SERVICES), "logs.>", "nudge.>")
    return Subjects(publish=tuple(publish), subscribe=subscribe)


def _listens(user: str) -> tuple[str, ...]:
    return (f"{inbox_prefix(user)}.>", "identity.revoked")


def _reads_stream(stream: str) -> tuple[str, ...]:
    return (
        "$JS.API.INFO",
        f"$JS.API.STREAM.INFO.{stream}",
        f"$JS.API.STREAM.MSG.GET.{stream}",
        f"$JS.API.DIRECT.GET.{stream}",
        f"$JS.API.DIRECT.GET.{stream}.>",
        f"$JS.API.CONSUMER.*.{stream}",
        f"$JS.API.CONSUMER.*.{stream}.>",
        f"$JS.API.CONSUMER.DURABLE.CREATE.{stream}.>",
        f"$JS.API.CONSUMER.MSG.NEXT.{stream}.>",
        f"$JS.ACK.{stream}.>",
        f"$JS.FC.{stream}.>",
    )


def _keeps_stream(stream: str) -> tuple[str, ...]:
    # The server does not hold a stream's own subjects against its maker's permissions; streams are
    # made by their services all the same, so that each heals itself when JetStream's data are lost.
    kept = tuple(f"$JS.API.STREAM.{word}.{stream}" for word in ("CREATE", "UPDATE", "PURGE"))
    return (*_reads_stream(stream), *kept)
