"""From the stream of log lines into the history: each line once, whatever happens on the way."""

import shutil
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from nats.errors import Error as NatsError
from nats.js import JetStreamContext

from services.deployments.contract import LOGS_STREAM, LOGS_SUBJECTS, Component, LogBatch, logs_subject
from services.deployments.log_history import intake, source
from services.deployments.log_history.intake import Intake
from services.deployments.logs.stream import LogStream
from shared.bus.client import Bus
from tests.integration.bus import bus_of, client_of
from tests.integration.deployments.conftest import Ground
from tests.integration.deployments.histories import DEPLOYMENT, START, History, batch_of, history_on
from tests.integration.deployments.service import until
from tests.servers import NatsForTests, PostgresForTests

AT_ONCE = timedelta(0)


@pytest.fixture
async def history(ground: Ground) -> AsyncGenerator[History]:
    """An empty history."""
    async with history_on(ground.database) as history:
        yield history


@pytest.fixture
async def bus(ground: Ground) -> AsyncGenerator[Bus]:
    """The service's own connections, with the stream made."""
    async with bus_of(ground.nats, "deployments") as bus:
        await make_stream(bus)
        yield bus


async def make_stream(bus: Bus) -> None:
    await LogStream(bus, timedelta(days=1), 2**28).ensure()


@asynccontextmanager
async def publishing(nats: NatsForTests) -> AsyncGenerator[JetStreamContext]:
    async with client_of(nats, "test", stream=LOGS_STREAM) as client:
        yield client.jetstream()


async def publish(jetstream: JetStreamContext, batch: LogBatch, *, again: str = "") -> None:
    await jetstream.publish(
        logs_subject(batch.deployment, Component(batch.component)),
        batch.model_dump_json().encode(),
        headers={"Nats-Msg-Id": batch.message_id() + again},
    )


@asynccontextmanager
async def taking_in(bus: Bus, history: History) -> AsyncGenerator[Intake]:
    loop = Intake(bus, history.table)
    loop.start()
    try:
        yield loop
    finally:
        await loop.stop(AT_ONCE)


async def has(history: History, expected: Sequence[str]) -> bool:
    return await history.messages() == list(reversed(expected))


async def test_lines_are_found_with_all_that_is_known_of_them(ground: Ground, bus: Bus, history: History) -> None:
    known: dict[str, Any] = {
        "logger": "airflow.task",
        "dag_id": "d",
        "task_id": "t",
        "run_id": "r",
        "try_number": 2,
        "map_index": -1,
    }
    async with taking_in(bus, history), publishing(ground.nats) as jetstream:
        await publish(jetstream, batch_of("one", "Task is done\nend_of_log", "two", level="INFO", **known))
        await publish(jetstream, batch_of("of another", deployment="canother"))
        await until(lambda: has(history, ["one", "two"]))
    row = await history.pool.fetchrow("select * from logs.lines_1 where message = 'two'")
    assert row is not None
    assert {name: row[name] for name in known} == known
    assert (row["id"], row["level"], row["told_at"]) == (
        "one-scheduler-1-2",
        "INFO",
        START + timedelta(milliseconds=2),
    )
    assert await history.messages("canother") == ["of another"]


async def test_a_repeat_is_kept_once(ground: Ground, bus: Bus, history: History) -> None:
    async with taking_in(bus, history), publishing(ground.nats) as jetstream:
        for number in (1, 2, 2, 1, 3):
            await publish(jetstream, batch_of(f"batch {number}", batch=number), again=str(id(object())))
        await publish(jetstream, batch_of("batch 1 of a later start", incarnation="two", at=START + timedelta(hours=1)))
        expected = ["batch 1", "batch 2", "batch 3", "batch 1 of a later start"]
        await until(lambda: has(history, expected))


async def test_what_cannot_be_read_or_kept_holds_up_nothing(ground: Ground, bus: Bus, history: History) -> None:
    async with publishing(ground.nats) as jetstream:
        await publish(jetstream, batch_of("before"))
        await jetstream.publish(f"logs.{DEPLOYMENT}.scheduler", b"no json")
        too_large = batch_of("of a number that no column takes", batch=2).model_copy(update={"batch": 2**70})
        await publish(jetstream, too_large)
        await publish(
            jetstream, batch_of("with a \x00 in it", batch=3, try_number=2**40, at=START + timedelta(hours=1))
        )
        await publish(jetstream, batch_of("after", batch=4, at=START + timedelta(hours=2)))
    async with taking_in(bus, history):
        await until(lambda: has(history, ["before", "with a  in it", "after"]))


async def test_two_replicas_take_each_line_once_and_one_goes_on_for_the_other(
    ground: Ground, bus: Bus, history: History
) -> None:
    numbered = [f"batch {number}" for number in range(1, 20)]
    async with (
        bus_of(ground.nats, "deployments") as other,
        publishing(ground.nats) as jetstream,
        taking_in(other, history),
    ):
        async with taking_in(bus, history):
            for number, text in enumerate(numbered, 1):
                await publish(jetstream, batch_of(text, batch=number, at=START + timedelta(hours=number)))
            await until(lambda: has(history, numbered))
        await publish(jetstream, batch_of("the last", batch=20, at=START + timedelta(days=1)))
        await until(lambda: has(history, [*numbered, "the last"]))


async def test_a_stream_that_was_made_anew_is_read_from_its_beginning(
    ground: Ground, bus: Bus, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "CONFIRM_S", 0.0)
    async with taking_in(bus, history):
        async with publishing(ground.nats) as jetstream:
            for number in (1, 2, 3):
                await publish(jetstream, batch_of(f"batch {number}", batch=number, at=START + timedelta(hours=number)))
            await until(lambda: has(history, ["batch 1", "batch 2", "batch 3"]))
        ground.nats.kill()
        shutil.rmtree(ground.nats.server.store)
        ground.nats.restart()
        await until(lambda: _made(ground.nats))
        async with publishing(ground.nats) as jetstream:
            for number in (3, 4):  # the writer had no answer for the third and sends it again
                await publish(jetstream, batch_of(f"batch {number}", batch=number, at=START + timedelta(hours=number)))
            await until(lambda: has(history, ["batch 1", "batch 2", "batch 3", "batch 4"]))


async def _made(nats: NatsForTests) -> bool:
    try:
        async with publishing(nats) as jetstream:
            await jetstream.add_stream(name=LOGS_STREAM, subjects=[LOGS_SUBJECTS])
    except NatsError:  # it is on its way
        return False
    return True


@pytest.mark.parametrize("server", ["postgres", "nats"])
async def test_each_line_is_kept_once_through_a_kill(
    private_postgres: PostgresForTests, nats_server: NatsForTests, monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    monkeypatch.setattr(source, "MOST_BATCHES", 5)
    database = await private_postgres.new_database("deployments")
    expected = [f"batch {number}" for number in range(1, 101)]
    killed: PostgresForTests | NatsForTests = private_postgres if server == "postgres" else nats_server
    async with bus_of(nats_server, "deployments") as bus, history_on(database) as history:
        await make_stream(bus)
        async with publishing(nats_server) as jetstream:
            for number, text in enumerate(expected, 1):
                await publish(jetstream, batch_of(text, batch=number, at=START + timedelta(minutes=number)))
        for stop in (1, 20, 40):  # a process that ends at any point, and the next one that goes on
            async with taking_in(bus, history):
                await until(partial(_reached, history, stop))
        async with taking_in(bus, history):
            killed.kill()
            killed.restart()
            await until(lambda: has(history, expected))


async def _reached(history: History, lines: int) -> bool:
    return (await history.table.place()).lines >= lines
