"""The accounts of NATS on a real server: what JetStream does for a user reaches no command, answer or other stream."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, RePublish, StreamInfo, StreamSource
from nats.js.errors import ServiceUnavailableError

from services.nats_users import LOGS, STREAMS, answers_prefix, event_stream
from tests.integration.bus import client_of, until
from tests.servers import NatsForTests

OWN, OTHER = event_stream("deployments"), event_stream("identity")
SUBJECTS = {each.name: each.subjects for each in STREAMS}
ANSWER = f"{answers_prefix('gateway', 'identity')}.x.1.1"
REPUBLISHED = RePublish(src="deployments.events.*.*", dest="identity.{{wildcard(1)}}.{{wildcard(2)}}")

Heard = asyncio.Queue[bytes]


async def settled(client: Client) -> None:
    """Return when the server has seen what was sent; the client's first ping overtakes what it has pending."""
    await client.flush()
    await client.flush()


@asynccontextmanager
async def hearing(
    nats: NatsForTests, user: str, subject: str, *, stream: str = "", queue: str = ""
) -> AsyncGenerator[Heard]:
    """Give what `user` hears on a subject, among the commands or in the account of a stream."""
    heard = Heard()

    async def keep(message: Msg) -> None:
        heard.put_nowait(message.data)

    async with client_of(nats, user, stream=stream) as client:
        await client.subscribe(subject, queue=queue, cb=keep)
        await settled(client)
        yield heard


async def the_next(heard: Heard) -> bytes:
    """Return the next message."""
    return await asyncio.wait_for(heard.get(), 5)


async def send(nats: NatsForTests, user: str, subject: str, data: bytes = b"true") -> None:
    """Publish among the commands."""
    async with client_of(nats, user) as client:
        await client.publish(subject, data)
        await settled(client)


async def keep_stream(client: Client, name: str, **config: Any) -> StreamInfo:
    """Make a stream as its keeper does."""
    return await client.jetstream().add_stream(name=name, subjects=config.pop("subjects", [SUBJECTS[name]]), **config)


@pytest.mark.parametrize(
    ("captured", "sender", "sent"),
    [
        ("identity.command.>", "gateway", "identity.command.sign_in"),
        ("identity.query.>", "gateway", "identity.query.authenticate"),
        ("invites.>", "gateway", "invites.command.create_invite"),
        ("_INBOX_gateway.>", "identity", ANSWER),
        ("identity.revoked", "identity", "identity.revoked"),
    ],
)
@pytest.mark.parametrize("stream", [OWN, LOGS])
async def test_a_stream_captures_no_command_and_no_answer(
    nats_server: NatsForTests, stream: str, captured: str, sender: str, sent: str
) -> None:
    own = SUBJECTS[stream].replace(">", "a.b")
    async with (
        client_of(nats_server, "deployments", stream=stream) as keeper,
        hearing(nats_server, "test", sent) as heard,
    ):
        await keep_stream(keeper, stream, subjects=[SUBJECTS[stream], captured])
        await send(nats_server, sender, sent, b"a secret")
        assert await the_next(heard) == b"a secret"
        assert (await keeper.jetstream().publish(own, b"the first")).seq == 1


@pytest.mark.parametrize("made", ["created", "updated"])
async def test_a_stream_republishes_nothing_as_a_command(nats_server: NatsForTests, made: str) -> None:
    sent = "identity.command.remove_user"
    async with (
        client_of(nats_server, "deployments", stream=OWN) as keeper,
        hearing(nats_server, "test", sent, stream=OWN) as among_streams,
        hearing(nats_server, "identity", "identity.command.*", queue="identity") as heard,
    ):
        if made == "updated":
            await keep_stream(keeper, OWN)
            await keeper.jetstream().update_stream(name=OWN, subjects=[SUBJECTS[OWN]], republish=REPUBLISHED)
        else:
            await keep_stream(keeper, OWN, republish=REPUBLISHED)
        await keeper.jetstream().publish("deployments.events.command.remove_user", b"forged")
        assert await the_next(among_streams) == b"forged"
        await send(nats_server, "gateway", sent)
        assert await the_next(heard) == b"true"


async def test_a_consumer_pushes_nothing_as_a_command(nats_server: NatsForTests) -> None:
    sent = "identity.command.remove_user"
    async with (
        client_of(nats_server, "identity", stream=OTHER) as keeper,
        client_of(nats_server, "invites", stream=OTHER) as reader,
        hearing(nats_server, "test", sent, stream=OTHER, queue="identity") as among_streams,
        hearing(nats_server, "identity", "identity.command.*") as heard,
    ):
        await keep_stream(keeper, OTHER)
        await keeper.jetstream().publish("identity.events.a.b", b"forged")
        pushing = ConsumerConfig(deliver_subject=sent, deliver_group="identity", ack_policy=AckPolicy.NONE)
        await reader.jetstream().add_consumer(OTHER, pushing)
        assert await the_next(among_streams) == b"forged"
        await send(nats_server, "gateway", sent)
        assert await the_next(heard) == b"true"


@pytest.mark.parametrize("sent", ["identity.command.remove_user", "identity.revoked", "nudge.identity", ANSWER])
async def test_jetstream_is_made_to_answer_nobody_in_anothers_name(nats_server: NatsForTests, sent: str) -> None:
    listener = "gateway" if sent == ANSWER else "identity"
    subject = sent if sent in {ANSWER, "identity.revoked", "nudge.identity"} else "identity.command.*"
    async with (
        client_of(nats_server, "deployments", stream=LOGS) as keeper,
        client_of(nats_server, "gateway", stream=LOGS) as reader,
        hearing(nats_server, "test", sent, stream=LOGS) as among_streams,
        hearing(nats_server, listener, subject) as heard,
    ):
        await keep_stream(keeper, LOGS)
        await keeper.jetstream().publish("logs.a.b", b"forged")
        await reader.jetstream().add_consumer(LOGS, name="c", ack_policy=AckPolicy.NONE, inactive_threshold=60)
        await reader.publish(f"$JS.API.CONSUMER.MSG.NEXT.{LOGS}.c", b"1", reply=sent)
        assert await the_next(among_streams) == b"forged"
        await reader.publish(f"$JS.API.STREAM.INFO.{LOGS}", reply=sent)
        assert LOGS.encode() in await the_next(among_streams)
        await send(nats_server, "test", sent)
        assert await the_next(heard) == b"true"


async def test_nobody_writes_into_anothers_stream(nats_server: NatsForTests) -> None:
    forged = "identity.events.user_removed"
    async with (
        client_of(nats_server, "identity", stream=OTHER) as identity,
        client_of(nats_server, "deployments", stream=OWN) as keeper,
        hearing(nats_server, "test", forged, stream=OWN) as among_streams,
    ):
        await keep_stream(identity, OTHER)
        await keep_stream(keeper, OWN, republish=REPUBLISHED)
        await keeper.jetstream().publish("deployments.events.events.user_removed", b"forged")
        assert await the_next(among_streams) == b"forged"
        assert (await identity.jetstream().publish("identity.events.a.b", b"true")).seq == 1


@pytest.mark.parametrize("how", ["sources", "mirror"])
async def test_nobody_copies_a_stream_that_is_not_theirs_to_read(nats_server: NatsForTests, how: str) -> None:
    stream = event_stream("invites")
    source = StreamSource(name=LOGS)
    copying: dict[str, Any] = {"sources": [source]} if how == "sources" else {"mirror": source, "subjects": []}
    async with (
        client_of(nats_server, "deployments", stream=LOGS) as deployments,
        client_of(nats_server, "invites", stream=stream) as invites,
    ):
        await keep_stream(deployments, LOGS)
        await deployments.jetstream().publish("logs.a.b", b"a line")

        await keep_stream(invites, stream, **copying)

        async def has_failed() -> bool:
            asked = await invites.request(f"$JS.API.STREAM.INFO.{stream}", timeout=5)
            found = json.loads(asked.data)
            copied = found["mirror"] if how == "mirror" else found["sources"][0]
            return "error" in copied or found["state"]["messages"] > 0

        await until(has_failed)
        assert (await invites.jetstream().stream_info(stream)).state.messages == 0


async def test_there_are_no_streams_among_the_commands(nats_server: NatsForTests) -> None:
    async with client_of(nats_server, "test") as client:
        with pytest.raises(ServiceUnavailableError):
            await client.jetstream().add_stream(name="spy", subjects=["identity.command.>"])


@pytest.mark.parametrize(
    ("name", "password"),
    [("invites@logs", "secret-of-tests"), ("gateway@identity-events", "secret-of-tests"), ("", "")],
)
async def test_nobody_enters_an_account_that_is_not_theirs(nats_server: NatsForTests, name: str, password: str) -> None:
    client = Client()
    try:
        with pytest.raises(NatsError, match="Authorization Violation"):
            await client.connect(nats_server.url, user=name or None, password=password or None, allow_reconnect=False)
    finally:
        await client.close()
