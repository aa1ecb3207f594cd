"""The users of the bus on a real server: what a user may not send or hear, it can't."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig

from services.deployments.app import APP as DEPLOYMENTS
from services.identity.app import APP as IDENTITY
from services.invites.app import APP as INVITES
from services.nats_users import LOGS, RUNNER, SERVICES, STREAMS, answers_prefix, event_stream, streams_of
from shared.service import App
from tests.servers import Login, NatsForTests

APPS = (IDENTITY, INVITES, DEPLOYMENTS)
Connect = Callable[..., Awaitable["Peer"]]


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
    """A maker of clients: `await connect("gateway")`, and for a stream `await connect("gateway", LOGS)`."""
    async with AsyncExitStack() as stack:

        async def make(user: str, stream: str = "") -> Peer:
            peer = Peer()
            await peer.connect(nats_server.login(user, stream=stream))
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
        ("invites", "identity.query.events"),
        ("identity", "deployments.command.close_workspace"),
        ("identity", "deployments.query.events"),
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
        ("deployments", "deployments.events.deployment.created.x"),
        ("deployments", "logs.x.scheduler"),
        ("deployments", "identity.query.events"),
        ("deployments", "$JS.API.STREAM.CREATE.deployments-events"),
        ("operator", "$JS.API.INFO"),
        ("runner", "deployments.command.report_observed"),
        ("runner", "deployments.command.create_deployment"),
        ("runner", "identity.query.grants"),
        ("runner", "nudge.deployments"),
        ("runner", "deployments.revoked"),
        ("runner", "anything"),
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
    ("sender", "stream", "subject"),
    [
        ("deployments", "deployments-events", "$JS.API.STREAM.DELETE.deployments-events"),
        ("deployments", "deployments-events", "$JS.API.STREAM.CREATE.spy"),
        ("deployments", "deployments-events", "$JS.API.STREAM.CREATE.logs"),
        ("deployments", "deployments-events", "identity.events.user.removed.x"),
        ("deployments", "deployments-events", "deployments.command.close_workspace"),
        ("deployments", "logs", "deployments.events.deployment.created.x"),
        ("identity", "deployments-events", "deployments.events.deployment.created.x"),
        ("invites", "identity-events", "$JS.API.STREAM.UPDATE.identity-events"),
        ("invites", "identity-events", "$JS.API.STREAM.PURGE.identity-events"),
        ("invites", "identity-events", "$JS.API.STREAM.DELETE.identity-events"),
        ("invites", "identity-events", "$JS.API.CONSUMER.MSG.NEXT.identity-events.c"),
        ("invites", "identity-events", "$JS.ACK.identity-events.c.1.1.1.1.1"),
        ("invites", "identity-events", "$JS.API.CONSUMER.LIST.identity-events"),
        ("invites", "identity-events", "_INBOX_identity.x"),
        ("gateway", "logs", "$JS.API.STREAM.PURGE.logs"),
        ("gateway", "logs", "logs.x.scheduler"),
        ("runner", "logs", "$JS.API.STREAM.CREATE.logs"),
        ("runner", "logs", "$JS.API.STREAM.PURGE.logs"),
        ("runner", "logs", "$JS.API.STREAM.MSG.GET.logs"),
        ("runner", "logs", "$JS.API.CONSUMER.CREATE.logs"),
        ("operator", "identity-events", "identity.events.user.removed.x"),
    ],
)
async def test_in_the_account_of_a_stream_the_rest_is_refused_too(
    connect: Connect, sender: str, stream: str, subject: str
) -> None:
    peer = await connect(sender, stream)
    await peer.client.publish(subject, b"{}")
    assert "permissions violation for publish" in await peer.refused()


@pytest.mark.parametrize(
    ("listener", "stream", "subject"),
    [
        ("invites", "", "identity.command.*"),
        ("deployments", "", "identity.query.*"),
        ("gateway", "", "identity.command.*"),
        ("gateway", "", "_INBOX_identity.>"),
        ("identity", "", "_INBOX_gateway.>"),
        ("invites", "", ">"),
        ("invites", "identity-events", ">"),
        ("invites", "identity-events", "_INBOX_identity.>"),
        ("invites", "identity-events", "$JS.>"),
        ("gateway", "logs", "_INBOX_deployments.>"),
        ("runner", "", "deployments.command.*"),
        ("runner", "", "identity.revoked"),
        ("runner", "logs", "logs.>"),
    ],
)
async def test_nobody_listens_to_another(connect: Connect, listener: str, stream: str, subject: str) -> None:
    peer = await connect(listener, stream)
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


async def test_a_service_keeps_its_stream_and_another_reads_it(connect: Connect) -> None:
    stream = event_stream("identity")
    identity, invites = await connect("identity", stream), await connect("invites", stream)
    await identity.client.jetstream().add_stream(name=stream, subjects=["identity.events.>"])
    await identity.client.jetstream().publish("identity.events.user.registered.x", b"1")
    js = invites.client.jetstream()
    assert (await js.get_last_msg(stream, "identity.events.>")).data == b"1"
    unacknowledged = ConsumerConfig(ack_policy=AckPolicy.NONE)
    pushed = await js.subscribe("identity.events.>", stream=stream, manual_ack=True, config=unacknowledged)
    assert (await pushed.next_msg(timeout=5)).data == b"1"
    await identity.client.jetstream().purge_stream(stream)


@pytest.mark.parametrize("writer", ["deployments", "runner"])
async def test_the_gateway_pulls_logs_that_another_writes(connect: Connect, writer: str) -> None:
    deployments, gateway = await connect("deployments", LOGS), await connect("gateway", LOGS)
    await deployments.client.jetstream().add_stream(name=LOGS, subjects=["logs.>"])
    await (await connect(writer, LOGS)).client.jetstream().publish("logs.d1.scheduler", b"line", stream=LOGS)
    js = gateway.client.jetstream()
    await js.add_consumer(LOGS, name="tail", ack_policy=AckPolicy.NONE, inactive_threshold=60)
    [message] = await (await js.pull_subscribe_bind(stream=LOGS, name="tail")).fetch(1, timeout=5)
    assert message.data == b"line"
    await js.delete_consumer(LOGS, "tail")


async def test_the_operator_looks_at_every_stream(connect: Connect) -> None:
    for stream in STREAMS:
        keeper, operator = await connect(stream.keeper, stream.name), await connect("operator", stream.name)
        await keeper.client.jetstream().add_stream(name=stream.name, subjects=[stream.subjects])
        [found] = await operator.client.jetstream().streams_info()
        assert found.config.name == stream.name


@pytest.mark.parametrize("app", APPS, ids=lambda app: app.name)
def test_a_service_has_a_user_for_each_stream_that_it_connects_to(app: App) -> None:
    assert {event_stream(app.name), *app.streams} == set(streams_of(app.name))


def test_the_runner_has_a_user_for_the_lines_that_it_writes_and_nothing_else() -> None:
    assert streams_of(RUNNER) == (LOGS,)
