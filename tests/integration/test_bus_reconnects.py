"""The connection to NATS comes back by itself, with its subscriptions."""

import asyncio
from time import monotonic

from services.nats_users import LOGS
from shared.bus.client import Bus
from shared.bus.request import Answered, Request, Result
from shared.errors import Unavailable
from tests.integration.bus import Said, Say, answering, bus_of, client_of, context, settings, until
from tests.servers import NatsForTests

RESUMES_S = 5.0


async def say(request: Request[Say]) -> Result[Said]:
    return Result(Said(text=request.message.text))


async def test_a_restart_of_nats_is_outlived(nats_server: NatsForTests) -> None:
    async with answering(nats_server, {Say: say}) as service, bus_of(nats_server, "gateway") as bus:
        await bus.ask(Say(text="before"), context())
        nats_server.kill()
        await until(lambda: not bus.connected)
        asked = asyncio.create_task(bus.ask(Say(text="meanwhile"), context(10)))
        nats_server.restart()
        began = monotonic()
        await until(lambda: bus.connected and service.bus.connected)
        assert monotonic() - began < RESUMES_S
        assert (await bus.ask(Say(text="after"), context())).value == Said(text="after")
        (late,) = await asyncio.gather(asked, return_exceptions=True)
        assert isinstance(late, Answered | Unavailable)


async def test_an_unanswered_command_is_repeated_after_the_restart(nats_server: NatsForTests) -> None:
    free, heard = asyncio.Event(), list[str]()

    async def slow(request: Request[Say]) -> Result[Said]:
        heard.append(request.message.text)
        await free.wait()
        return Result(Said(text=request.message.text))

    async with answering(nats_server, {Say: slow}), bus_of(nats_server, "gateway") as bus:
        asked = asyncio.create_task(bus.ask(Say(text="hello"), context(10)))
        await until(lambda: bool(heard))
        nats_server.kill()
        await until(lambda: not bus.connected)
        nats_server.restart()
        await until(lambda: bus.connected)
        free.set()
        assert (await asked).value == Said(text="hello")


async def test_whoever_starts_first_waits_for_nats(nats_server: NatsForTests) -> None:
    nats_server.kill()
    connecting = asyncio.create_task(Bus.connect(settings(nats_server, "gateway"), name="gateway"))
    done, _ = await asyncio.wait({connecting}, timeout=0.5)
    assert not done
    nats_server.restart()
    bus = await connecting
    assert bus.connected
    await bus.close()


async def test_a_client_that_gave_up_is_replaced_with_its_subscriptions(nats_server: NatsForTests) -> None:
    async with answering(nats_server, {Say: say}) as service, bus_of(nats_server, "gateway") as bus:
        called = asyncio.Event()

        async def note() -> None:
            called.set()

        service.bus.on_connected(note)
        await service.bus._connection.client._process_err("'User Authentication Expired'")
        await asyncio.wait_for(called.wait(), RESUMES_S)
        assert (await bus.ask(Say(text="again"), context())).value == Said(text="again")


async def test_a_lost_connection_to_a_stream_is_told_and_comes_back(nats_server: NatsForTests) -> None:
    async with bus_of(nats_server, "gateway") as bus, client_of(nats_server, "test", stream=LOGS) as client:
        await client.jetstream().add_stream(name=LOGS)
        called = asyncio.Event()

        async def note() -> None:
            called.set()

        bus.stream(LOGS).on_connected(note)
        await bus.stream(LOGS).client._process_err("'User Authentication Expired'")
        await until(lambda: not bus.connected)
        await asyncio.wait_for(called.wait(), RESUMES_S)
        assert bus.connected
        assert (await bus.stream(LOGS).jetstream().stream_info(LOGS)).config.name == LOGS


async def test_leaving_while_nats_is_away_takes_no_time(nats_server: NatsForTests) -> None:
    bus = await Bus.connect(settings(nats_server, "gateway"), name="gateway")
    nats_server.kill()
    await until(lambda: not bus.connected)
    began = monotonic()
    await bus.close()
    assert monotonic() - began < 2
