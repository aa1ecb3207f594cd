"""The users of the bus on a real server: what a user may not send or hear, it can't."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.errors import ServiceUnavailableError

from services.nats_users import LOGS, SERVICES, answers_prefix, event_stream
from tests.servers import Login, NatsForTests

Connect = Callable[[str], Awaitable["Peer"]]


class Peer:
    """A client and the errors the server has sent it."""

    def __init__(self) -> None:
        self.client = Client()
        self.errors: asyncio.Queue[str] = asyncio.Queue()

    async def connect(self, login: Login) -> None:
        async def keep(error: Exception) -> None:
            self.errors.put_nowait(str(error))

        await self.client.connect(
            login.url,
            user=login.user,
            password=login.password,
            inbox_prefix=login.inbox_prefix,
            error_cb=keep,
            allow_reconnect=False,
        )

    async def settled(self) -> None:
        """Return when the server knows our subscriptions; the client's first ping overtakes what it has pending."""
        await self.client.flush()
        await self.client.flush()

    async def refused(self) -> str:
        """Return the next refusal of the server."""
        return (await asyncio.wait_for(self.errors.get(), 5)).lower()


@pytest.fixture
async def connect(nats_server: NatsForTests) -> AsyncIterator[Connect]:
    """A maker of clients: `await connect("gateway")`."""
    async with AsyncExitStack() as stack:

        async def make(user: str) -> Peer:
            peer = Peer()
            await peer.connect(nats_server.login(user))
            stack.push_async_callback(peer.client.close)
            return peer

        yield make


async def answer(message: Msg) -> None:
    """Answer a request with its own data."""
    await message.respond(message.data)


async def asked(peer: Peer, user: str, subject: str) -> bytes:
    """Return the answer to a request, in the inbox where `user` takes answers of the service that is asked."""
    inbox = f"{answers_prefix(user, subject.partition('.')[0])}.1"
    answers = await peer.client.subscribe(inbox)
    await peer.client.publish(subject, b"hi", reply=inbox)
    return (await answers.next_msg(timeout=5)).data


@pytest.mark.parametrize("service", SERVICES)
async def test_the_gateway_asks_every_service(connect: Connect, service: str) -> None:
    gateway, peer = await connect("gateway"), await connect(service)
    for kind in ("command", "query"):
        await peer.client.subscribe(f"{service}.{kind}.*", queue=service, cb=answer)
    await peer.settled()
    for kind in ("command", "query"):
        assert await asked(gateway, "gateway", f"{service}.{kind}.hello") == b"hi"


@pytest.mark.parametrize(
    ("sender", "subject"),
    [
        ("invites", "identity.command.invite_user"),
        ("invites", "identity.command.withdraw_invitation"),
        ("invites", "identity.query.mail_details"),
        ("invites", "identity.query.grants"),
        ("deployments", "identity.query.grants"),
        ("deployments", "identity.query.load_workspaces"),
        ("deployments", "identity.query.events"),
        ("identity", "deployments.command.close_workspace"),
        ("identity", "invites.query.events"),
        ("operator", "identity.query.events"),
    ],
)
async def test_a_named_service_asks_what_the_table_names(connect: Connect, sender: str, subject: str) -> None:
    service = subject.partition(".")[0]
    one, other = await connect(sender), await connect(service)
    await other.client.subscribe(subject.rpartition(".")[0] + ".*", queue=service, cb=answer)
    await other.settled()
    assert await asked(one, sender, subject) == b"hi"


@pytest.mark.parametrize(
    ("sender", "subject"),
    [
        ("deployments", "identity.command.remove_user"),
        ("deployments", "identity.query.mail_details"),
        ("invites", "identity.command.register_user"),
        ("invites", "identity.query.authenticate"),
        ("identity", "invites.command.create_invite"),
        ("operator", "identity.command.remove_user"),
        ("gateway", "identity.events.user.removed.x"),
        ("gateway", "logs.x.scheduler"),
        ("gateway", "identity.revoked"),
        ("invites", "identity.events.user.removed.x"),
        ("invites", "nudge.identity"),
        ("deployments", "$JS.API.STREAM.DELETE.deployments-events"),
        ("invites", "$JS.API.STREAM.PURGE.identity-events"),
        ("gateway", "$JS.API.STREAM.PURGE.logs"),
        ("deployments", "_INBOX_gateway.identity.x.1.1"),
        ("invites", "_INBOX_identity.deployments.x.1.1"),
        ("gateway", "_INBOX_invites.gateway.x.1.1"),
    ],
)
async def test_what_the_table_does_not_name_is_refused(connect: Connect, sender: str, subject: str) -> None:
    peer = await connect(sender)
    await peer.client.publish(subject, b"{}")
    assert "permissions violation for publish" in await peer.refused()


@pytest.mark.parametrize(
    ("listener", "subject"),
    [
        ("invites", "identity.command.*"),
        ("deployments", "identity.query.*"),
        ("gateway", "identity.command.*"),
        ("gateway", "_INBOX_identity.>"),
        ("identity", "_INBOX_gateway.>"),
        ("invites", ">"),
        ("invites", "logs.>"),
    ],
)
async def test_nobody_listens_to_another(connect: Connect, listener: str, subject: str) -> None:
    peer = await connect(listener)
    await peer.client.subscribe(subject)
    await peer.settled()
    assert "permissions violation for subscription" in await peer.refused()


@pytest.mark.parametrize("service", SERVICES)
async def test_a_reply_subject_lets_nobody_send_a_command(connect: Connect, service: str) -> None:
    peer = await connect(service)
    own = await peer.client.subscribe(f"nudge.{service}")
    await peer.settled()
    await peer.client.publish(f"nudge.{service}", reply="invites.command.create_invite")
    heard = await own.next_msg(timeout=5)
    await heard.respond(b"{}")
    assert "permissions violation for publish" in await peer.refused()


async def test_a_wrong_password_does_not_connect(nats_server: NatsForTests) -> None:
    login = replace(nats_server.login("gateway"), password="guess")
    peer = Peer()
    try:
        with pytest.raises(NatsError, match="Authorization Violation"):
            await peer.connect(login)
    finally:
        await peer.client.close()


async def test_a_service_keeps_its_stream_and_others_read_it(connect: Connect) -> None:
    invites, identity = await connect("invites"), await connect("identity")
    stream = event_stream("invites")
    await invites.client.jetstream().add_stream(name=stream, subjects=["invites.events.>"])
    await invites.client.jetstream().publish("invites.events.invite.created.x", b"1")
    assert (await invites.client.jetstream().get_last_msg(stream, "invites.events.>")).data == b"1"
    js = identity.client.jetstream()
    pulled = await js.pull_subscribe("invites.events.>", durable="identity", stream=stream)
    [message] = await pulled.fetch(1, timeout=5)
    assert message.data == b"1"
    await message.ack_sync(timeout=5)
    ordered = await js.subscribe("invites.events.>", stream=stream, ordered_consumer=True)
    assert (await ordered.next_msg(timeout=5)).data == b"1"


async def test_the_gateway_tails_logs_that_deployments_writes(connect: Connect) -> None:
    deployments, gateway = await connect("deployments"), await connect("gateway")
    await deployments.client.jetstream().add_stream(name=LOGS, subjects=["logs.>"])
    tail = await gateway.client.jetstream().subscribe("logs.d1.>", stream=LOGS, ordered_consumer=True)
    await deployments.client.jetstream().publish("logs.d1.scheduler", b"line")
    assert (await tail.next_msg(timeout=5)).data == b"line"


async def test_another_service_can_not_make_a_stream_over_commands(connect: Connect) -> None:
    invites = await connect("invites")
    with pytest.raises((NatsTimeoutError, ServiceUnavailableError)):
        await invites.client.jetstream(timeout=0.5).add_stream(name="spy", subjects=["identity.command.>"])
    assert "permissions violation for publish" in await invites.refused()
