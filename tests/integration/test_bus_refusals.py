"""The bus refuses what it cannot read, hold or carry, in words that show no value."""

import pytest

from shared.bus.request import Request, Result
from shared.errors import Internal, Invalid
from shared.messages import Message
from tests.integration.bus import Listen, Said, Say, Voice, answering, bus_of, client_of, context
from tests.servers import NatsForTests


class Mumbled(Message):
    sound: int


@pytest.mark.parametrize(
    ("subject", "payload", "expected"),
    [
        ("identity.command.say", b"{", "Envelope does not fit"),
        ("identity.command.say", b"\xff\xfe", "not UTF-8"),
        ("identity.command.say", rb'{"payload": "\u0000"}', "U+0000"),
        ("identity.command.shout", b"{}", "knows no such message"),
        ("identity.query.say", b"{}", "knows no such message"),
    ],
)
async def test_what_cannot_be_read_is_invalid(
    nats_server: NatsForTests, subject: str, payload: bytes, expected: str
) -> None:
    voice = Voice()
    async with answering(nats_server, {Say: voice.say}), client_of(nats_server, "test") as client:
        raw = await client.request(subject, payload, timeout=5)
    assert b'"code":"invalid"' in raw.data
    assert expected.encode() in raw.data
    assert voice.heard == []


async def test_a_payload_with_bad_text_is_invalid(nats_server: NatsForTests) -> None:
    voice = Voice()
    async with answering(nats_server, {Say: voice.say}), bus_of(nats_server, "gateway") as bus:
        with pytest.raises(Invalid, match=r"U\+0000"):
            await bus.ask(Say(text="a\x00b"), context())
    assert voice.heard == []


async def test_an_answer_that_is_too_large_is_a_clear_error(nats_server: NatsForTests) -> None:
    async def shout(_: Request[Listen]) -> Result[Said]:
        return Result(Said(text="x" * 2_000_000))

    async with answering(nats_server, {Listen: shout}), bus_of(nats_server, "gateway") as bus:
        with pytest.raises(Internal, match=r"the answer has 20\d+ bytes, at most 1048576"):
            await bus.ask(Listen(), context())


async def test_an_answer_that_does_not_fit_is_a_mistake_of_ours(nats_server: NatsForTests) -> None:
    async def mumble(_: Request[Listen]) -> Result[Mumbled]:
        return Result(Mumbled(sound=1))

    async with answering(nats_server, {Listen: mumble}), bus_of(nats_server, "gateway") as bus:
        with pytest.raises(Internal):
            await bus.ask(Listen(), context())


async def test_a_question_that_is_too_large_is_not_sent(nats_server: NatsForTests) -> None:
    voice = Voice()
    async with answering(nats_server, {Say: voice.say}), bus_of(nats_server, "gateway") as bus:
        with pytest.raises(Invalid, match="at most 1048576"):
            await bus.ask(Say(text="x" * 2_000_000), context())
    assert voice.heard == []
