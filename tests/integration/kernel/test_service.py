"""A service as a process: ready, hurt, repeated and drained."""

import asyncio
import json
import signal
from time import monotonic

import asyncpg
import pytest

from shared.bus.kernel import Events, WaitFor
from shared.errors import Internal, Unavailable
from tests.integration.bus import bus_of, context, until
from tests.integration.kernel.conftest import Airport, FlightProcess
from tests.integration.kernel.flights import OpenFlight, RenameFlight
from tests.integration.kernel.process import Fail

RESUMES_S = 5.0


async def count_events(airport: Airport) -> int:
    connection = await asyncpg.connect(airport.database.admin_dsn)
    try:
        found: int = await connection.fetchval("select count(*) from events")
        return found
    finally:
        await connection.close()


async def test_a_service_is_alive_then_ready_and_counts_its_work(airport: Airport) -> None:
    process = await airport.start()
    assert (await process.status("/healthz"))[0] == 200
    async with bus_of(airport.nats, "gateway") as bus:
        opened = await bus.ask(OpenFlight(label="AR1"), context())
        assert opened.position == 1
        reached = await bus.ask(WaitFor(position=1, stream=opened.stream), context(), to="identity")
        assert reached.value.reached is True
        page = await bus.ask(Events(after=0), context(), to="identity")
        assert [event.type_name for event in page.value.events] == ["flight.opened"]
    _, metrics = await process.status("/metrics")
    assert 'aerodrome_messages_total{outcome="answered",subject="identity.command.open_flight"} 1.0' in metrics


async def test_its_log_is_json_with_one_line_a_command_and_no_payload(airport: Airport) -> None:
    process = await airport.start()
    async with bus_of(airport.nats, "gateway") as bus:
        asked = context()
        await bus.ask(OpenFlight(label="hush-hush"), asked)
        with pytest.raises(Internal):
            await bus.ask(Fail(), context())
    lines = [json.loads(line) for line in process.lines().splitlines()]
    (handled,) = [line for line in lines if line["message"] == "command handled"]
    assert handled["correlation_id"] == str(asked.message_id)
    assert (handled["command"], handled["outcome"], handled["service"]) == ("OpenFlight", "answered", "identity")
    (failed,) = [line for line in lines if line["level"] == "ERROR"]
    assert "ValueError: a mistake" in failed["traceback"]
    assert "hush-hush" not in process.lines()


async def test_four_repeats_at_two_processes_have_one_effect_and_equal_answers(airport: Airport) -> None:
    await asyncio.gather(airport.start(), airport.start())
    opening, asked = OpenFlight(label="AR1"), context()
    async with bus_of(airport.nats, "gateway") as bus:
        gate = await airport.close_gate()
        asks = [asyncio.create_task(bus.ask(opening, asked)) for _ in range(4)]
        await until(lambda: at_gate(airport, gate, 2))  # a repeat has reached each process
        await gate.close()
        answers = await asyncio.gather(*asks)
    assert all(answer == answers[0] for answer in answers)
    assert await count_events(airport) == 1


async def at_gate(airport: Airport, gate: asyncpg.Connection, number: int) -> bool:
    return await airport.waiting_at(gate) >= number


async def test_a_process_killed_in_its_work_is_replaced_by_another(airport: Airport) -> None:
    first = await airport.start()
    opening = OpenFlight(label="AR1")
    async with bus_of(airport.nats, "gateway") as bus:
        gate = await airport.close_gate()
        asked = asyncio.create_task(bus.ask(opening, context(15)))
        await until(lambda: at_gate(airport, gate, 1))
        await first.end(signal.SIGKILL)
        await airport.start()
        await gate.close()
        answer = await asked
    assert answer.value.label == "AR1"
    assert await count_events(airport) == 1


async def test_sigterm_finishes_what_is_in_flight_and_takes_no_more(airport: Airport) -> None:
    process = await airport.start()
    async with bus_of(airport.nats, "gateway") as bus:
        gate = await airport.close_gate()
        asked = asyncio.create_task(bus.ask(OpenFlight(label="AR1"), context()))
        await until(lambda: at_gate(airport, gate, 1))
        process.child.send_signal(signal.SIGTERM)
        await until(lambda: leaves(process))
        await until(lambda: nobody_listens(airport))
        await gate.close()
        assert (await asked).value.label == "AR1"
    assert await asyncio.wait_for(process.child.wait(), 10) == 0
    assert await count_events(airport) == 1
    assert "ERROR" not in process.lines()


async def leaves(process: FlightProcess) -> bool:
    status, text = await process.status("/readyz")
    return status == 503 and "leaving" in text


async def nobody_listens(airport: Airport) -> bool:
    async with bus_of(airport.nats, "gateway") as bus:
        try:
            await bus.ask(RenameFlight(flight_id="none", label="x"), context())
        except Unavailable as error:
            return "nobody listens" in error.text
        return False


async def test_postgres_may_restart_under_the_service(airport: Airport) -> None:
    process = await airport.start()
    async with bus_of(airport.nats, "gateway") as bus:
        opening = OpenFlight(label="AR1")
        await bus.ask(opening, context())
        airport.postgres.kill()
        await until(lambda: misses(process, "postgres"))
        with pytest.raises(Unavailable):
            await bus.ask(RenameFlight(flight_id=opening.flight_id, label="lost"), context(2))
        airport.postgres.restart()
        began = monotonic()
        answer = await bus.ask(RenameFlight(flight_id=opening.flight_id, label="AR2"), context(RESUMES_S))
        assert monotonic() - began < RESUMES_S
        assert answer.value.label == "AR2"
        await until(process.is_ready)


async def test_nats_may_restart_under_the_service(airport: Airport) -> None:
    process = await airport.start()
    async with bus_of(airport.nats, "gateway") as bus:
        airport.nats.kill()
        await until(lambda: misses(process, "nats"))
        airport.nats.restart()
        began = monotonic()
        await until(process.is_ready)
        answer = await bus.ask(OpenFlight(label="AR1"), context(RESUMES_S))
        assert monotonic() - began < RESUMES_S
        assert answer.value.label == "AR1"


async def misses(process: FlightProcess, part: str) -> bool:
    status, text = await process.status("/readyz")
    return status == 503 and part in text


async def test_a_service_waits_for_its_servers_and_may_be_told_to_leave_meanwhile(airport: Airport) -> None:
    airport.postgres.kill()
    airport.nats.kill()
    waiting, leaving = await airport.start(ready=False), await airport.start(ready=False)
    await until(lambda: misses(waiting, "postgres"))
    await until(lambda: misses(leaving, "postgres"))
    assert (await waiting.status("/healthz"))[0] == 200
    assert await leaving.end(signal.SIGTERM) == 0
    airport.postgres.restart()
    airport.nats.restart()
    await until(waiting.is_ready)
