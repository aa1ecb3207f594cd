"""Questions and answers over a real NATS."""

import asyncio
import logging
from datetime import timedelta
from time import monotonic

import pytest
from nats.aio.msg import Msg

from shared.auth import Principal
from shared.bus.client import Bus
from shared.bus.context import Context
from shared.bus.request import Handlers
from shared.bus.server import Limits
from shared.bus.wire import envelope
from shared.clock import utc_now
from shared.errors import Internal, Invalid, OutcomeUnknown, Rejected, Unavailable
from shared.messages import Reply
from tests.integration.bus import Listen, Said, Say, Voice, answering, bus_of, client_of, context, until
from tests.servers import NatsForTests


async def test_a_command_is_answered_with_its_position(nats_server: NatsForTests) -> None:
    voice = Voice()
    async with answering(nats_server, {Say: voice.say}), bus_of(nats_server, "gateway") as bus:
        answer = await bus.ask(Say(text="hello"), context())
    assert answer.value == Said(text="HELLO")
    assert (answer.stream, answer.position) == ("voice-1", 1)


async def test_nobody_listens_is_told_at_once(nats_server: NatsForTests) -> None:
    async with bus_of(nats_server, "gateway") as bus:
        began = monotonic()
        with pytest.raises(Unavailable, match="nobody listens"):
            await bus.ask(Say(text="hello"), context(5))
    assert monotonic() - began < 0.5


async def test_the_error_of_the_handler_reaches_the_asker(nats_server: NatsForTests) -> None:
    voice = Voice()
    voice.failures = [Rejected("taken", rule="email_in_use", details={"a": "b"})]
    async with answering(nats_server, {Say: voice.say}), bus_of(nats_server, "gateway") as bus:
        with pytest.raises(Rejected) as rejected:
            await bus.ask(Say(text="hello"), context())
    assert (rejected.value.text, rejected.value.rule, rejected.value.details) == ("taken", "email_in_use", {"a": "b"})
    assert voice.heard == ["hello"]  # an answer is never repeated


async def test_a_mistake_of_ours_is_told_once_and_shows_nothing(
    nats_server: NatsForTests, caplog: pytest.LogCaptureFixture
) -> None:
    voice = Voice()
    voice.failures = [KeyError("inner detail")]
    with caplog.at_level(logging.INFO):
        async with answering(nats_server, {Say: voice.say}), bus_of(nats_server, "gateway") as bus:
            with pytest.raises(Internal) as failed:
                await bus.ask(Say(text="hush-hush"), context())
    assert failed.value.text == "something went wrong on our side"
    told = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [record.message for record in told] == ["a handler failed"]
    assert "hush-hush" not in str([record.__dict__ for record in caplog.records])


async def test_one_line_is_logged_a_command(nats_server: NatsForTests, caplog: pytest.LogCaptureFixture) -> None:
    voice = Voice()
    with caplog.at_level(logging.INFO):
        async with answering(nats_server, {Say: voice.say}), bus_of(nats_server, "gateway") as bus:
            await bus.ask(Say(text="hello"), context())
    (line,) = [record.__dict__ for record in caplog.records if record.message == "command handled"]
    assert line["command"] == "Say"
    assert (line["outcome"], line["stream"], line["position"]) == ("answered", "voice-1", 1)


async def test_four_repeats_at_once_join_one_run(nats_server: NatsForTests) -> None:
    voice = Voice()
    voice.free.clear()
    async with answering(nats_server, {Say: voice.say}), bus_of(nats_server, "gateway") as bus:
        once = context()
        asked = [asyncio.create_task(bus.ask(Say(text="hello"), once)) for _ in range(4)]
        await until(lambda: bool(voice.heard))
        await bus.flush()
        voice.free.set()
        answers = await asyncio.gather(*asked)
    assert voice.heard == ["hello"]
    assert all(answer == answers[0] for answer in answers)


async def test_an_id_in_use_for_another_message_is_refused(nats_server: NatsForTests) -> None:
    voice = Voice()
    voice.free.clear()
    async with answering(nats_server, {Say: voice.say}), bus_of(nats_server, "gateway") as bus:
        once = context()
        first = asyncio.create_task(bus.ask(Say(text="hello"), once))
        await until(lambda: bool(voice.heard))
        with pytest.raises(Invalid, match="in use"):
            await bus.ask(Say(text="good-bye"), once)
        other = Context.first(Principal(subject="user-2"), message_id=once.message_id)
        with pytest.raises(Invalid, match="in use"):
            await bus.ask(Say(text="hello"), other)
        voice.free.set()
        assert (await first).value == Said(text="HELLO")


async def test_a_slow_handler_is_asked_once_however_often_the_question_is_sent(nats_server: NatsForTests) -> None:
    voice = Voice()
    voice.free.clear()
    async with answering(nats_server, {Say: voice.say}), bus_of(nats_server, "gateway") as bus:
        asked = asyncio.create_task(bus.ask(Say(text="hello"), context(10)))
        seen = await count_deliveries(nats_server, at_least=3)
        voice.free.set()
        assert (await asked).value == Said(text="HELLO")
    assert seen >= 3
    assert voice.heard == ["hello"]


async def count_deliveries(nats_server: NatsForTests, *, at_least: int) -> int:
    seen = 0

    async def count(_: Msg) -> None:
        nonlocal seen
        seen += 1

    async with bus_of(nats_server, "test") as watcher:
        await watcher.subscribe(Say.subject, count)
        await watcher.flush()
        await until(lambda: seen + 1 >= at_least)  # the first was sent before we looked
    return seen + 1


async def test_an_unknown_outcome_gets_no_answer_and_the_repeat_does(nats_server: NatsForTests) -> None:
    voice = Voice()
    voice.failures = [OutcomeUnknown("lost")]
    async with answering(nats_server, {Say: voice.say}), bus_of(nats_server, "gateway") as bus:
        answer = await bus.ask(Say(text="hello"), context())
    assert answer.value == Said(text="HELLO")
    assert voice.heard == ["hello", "hello"]


async def test_a_handler_that_dies_is_replaced_within_the_deadline(nats_server: NatsForTests) -> None:
    dying, living = Voice(), Voice()
    dying.free.clear()
    async with bus_of(nats_server, "gateway") as bus:
        async with answering(nats_server, {Say: dying.say}) as service:
            asked = asyncio.create_task(bus.ask(Say(text="hello"), context(8)))
            await until(lambda: bool(dying.heard))
            await service.server.drain(patience_s=0)  # leaves its work undone, as a killed process would
        async with answering(nats_server, {Say: living.say}):
            assert (await asked).value == Said(text="HELLO")
    assert living.heard == ["hello"]


async def test_a_question_without_an_answer_ends_at_its_deadline(nats_server: NatsForTests) -> None:
    voice = Voice()
    voice.free.clear()
    async with answering(nats_server, {Say: voice.say}), bus_of(nats_server, "gateway") as bus:
        began = monotonic()
        with pytest.raises(Unavailable, match="before the deadline"):
            await bus.ask(Say(text="hello"), context(1))
        assert 0.9 < monotonic() - began < 2
        voice.free.set()
    assert voice.heard == ["hello"]


async def test_work_past_its_deadline_is_dropped_before_it_starts(nats_server: NatsForTests) -> None:
    voice = Voice()
    voice.free.clear()
    limits = Limits(commands_running=1, commands_waiting=5)
    async with answering(nats_server, {Say: voice.say}, limits=limits), bus_of(nats_server, "gateway") as bus:
        first = asyncio.create_task(bus.ask(Say(text="first"), context(5)))
        await until(lambda: bool(voice.heard))
        with pytest.raises(Unavailable):
            await bus.ask(Say(text="late"), context(0.3))
        voice.free.set()
        await first
        await bus.ask(Say(text="next"), context(5))
    assert voice.heard == ["first", "next"]


async def test_a_question_past_its_deadline_is_not_even_sent(nats_server: NatsForTests) -> None:
    voice = Voice()
    async with answering(nats_server, {Say: voice.say}), bus_of(nats_server, "gateway") as bus:
        late = Context.first(patience=timedelta(seconds=-1))
        assert late.deadline < utc_now()
        with pytest.raises(Unavailable, match="deadline"):
            await bus.ask(Say(text="hello"), late)
    assert voice.heard == []


async def test_a_full_queue_answers_at_once_and_spares_the_queries(nats_server: NatsForTests) -> None:
    voice = Voice()
    voice.free.clear()
    limits = Limits(commands_running=2, commands_waiting=1)
    handlers: Handlers = {Say: voice.say, Listen: voice.listen}
    async with answering(nats_server, handlers, limits=limits), bus_of(nats_server, "gateway") as bus:
        asked = [asyncio.create_task(bus.ask(Say(text=str(number)), context(5))) for number in range(3)]
        await until(lambda: len(voice.heard) == 2)
        began = monotonic()
        with pytest.raises(Unavailable, match="too much work"):
            await bus.ask(Say(text="3"), context(5))
        assert monotonic() - began < 0.5
        assert (await bus.ask(Listen(text="still"), context())).value == Said(text="still")
        voice.free.set()
        await asyncio.gather(*asked)
    assert voice.heard == ["0", "1", "2"]


async def test_a_service_may_not_send_what_only_the_gateway_may(nats_server: NatsForTests) -> None:
    voice = Voice()
    async with answering(nats_server, {Say: voice.say}), bus_of(nats_server, "deployments") as bus:
        with pytest.raises(Unavailable):
            await bus.ask(Say(text="hello"), context(1))
        assert bus.connected
    assert voice.heard == []


async def test_only_the_service_that_was_asked_is_believed(nats_server: NatsForTests) -> None:
    forged = Reply(value=Said(text="forged").model_dump_json()).model_dump_json().encode()
    voice = Voice()
    voice.free.clear()
    async with (
        answering(nats_server, {Say: voice.say}),
        client_of(nats_server, "test") as watcher,
        bus_of(nats_server, "gateway") as bus,
    ):
        seen = await watcher.subscribe(Say.subject)
        await watcher.flush()
        asked = asyncio.create_task(bus.ask(Say(text="hello"), context()))
        inbox = (await seen.next_msg(timeout=5)).reply
        assert ".identity." in inbox
        await watcher.publish(inbox.replace(".identity.", ".deployments."), forged)
        await watcher.flush()
        voice.free.set()
        assert (await asked).value == Said(text="HELLO")


async def test_an_answer_goes_to_an_inbox_and_nowhere_else(nats_server: NatsForTests) -> None:
    voice = Voice()
    async with (
        answering(nats_server, {Say: voice.say, Listen: voice.listen}),
        client_of(nats_server, "test") as client,
        bus_of(nats_server, "gateway") as bus,
    ):
        answers = await client.subscribe("identity.events.>")
        message = envelope(Say(text="to the events"), context())
        await client.publish(Say.subject, message, reply="identity.events.forged.x")
        await client.flush()
        assert (await bus.ask(Say(text="hello"), context())).value == Said(text="HELLO")
        await client.flush()
        assert answers.pending_msgs == 0
    assert voice.heard == ["hello"]


async def test_the_replicas_of_a_service_share_the_work(nats_server: NatsForTests) -> None:
    one, two = Voice(), Voice()
    async with (
        answering(nats_server, {Say: one.say}),
        answering(nats_server, {Say: two.say}),
        bus_of(nats_server, "gateway") as bus,
    ):
        await asyncio.gather(*(bus.ask(Say(text=str(number)), context()) for number in range(60)))
    assert len(one.heard) + len(two.heard) == 60
    assert one.heard
    assert two.heard


async def test_the_drain_finishes_what_is_in_flight_and_takes_no_more(nats_server: NatsForTests) -> None:
    voice = Voice()
    voice.free.clear()
    async with answering(nats_server, {Say: voice.say}) as service, bus_of(nats_server, "gateway") as bus:
        first = asyncio.create_task(bus.ask(Say(text="first"), context()))
        await until(lambda: bool(voice.heard))
        drained = asyncio.create_task(service.server.drain())
        await until(lambda: nobody_listens(bus))
        with pytest.raises(Unavailable, match="nobody listens"):
            await bus.ask(Say(text="second"), context())
        assert not drained.done()
        voice.free.set()
        assert (await first).value == Said(text="FIRST")
        await drained
    assert voice.heard == ["first"]


async def nobody_listens(bus: Bus) -> bool:
    try:
        await bus.ask(Listen(), context())
    except Invalid:  # it has no such handler, but it is there
        return False
    except Unavailable:
        return True
    raise AssertionError("somebody answered")
