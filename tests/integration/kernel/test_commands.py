"""The one write path on a real Postgres."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from shared.auth import Grant, Principal, PrincipalKind
from shared.bus.context import Context
from shared.bus.request import Request
from shared.commands import Commands, Unit
from shared.errors import Forbidden, Invalid, NotFound, Rejected, Unauthenticated, Unavailable
from shared.ids import new_message_id
from shared.postgres import COMMANDS, open_pool
from shared.store.events import EventStore
from tests.conftest import NewDatabase
from tests.integration.bus import context
from tests.integration.kernel.flights import (
    FLIGHT,
    TYPES,
    CloseFlight,
    FlightHandlers,
    FlightRenamed,
    OpenFlight,
    RenameFlight,
    row,
)


@pytest.fixture
async def store(database: NewDatabase) -> AsyncIterator[EventStore]:
    async for each in opened(database):
        yield each


async def opened(database: NewDatabase) -> AsyncIterator[EventStore]:
    pool = await open_pool((await database("kernel")).app_dsn, service="kernel", shape=COMMANDS)
    store = EventStore(pool, TYPES)
    yield store
    await store.close()
    await pool.close()


@pytest.fixture
def flights(store: EventStore) -> FlightHandlers:
    return FlightHandlers(Commands(store))


async def test_a_command_answers_with_the_whole_history_and_its_position(
    flights: FlightHandlers, store: EventStore
) -> None:
    opening = OpenFlight(label="AR1")
    await flights.commit(Request(opening, context()))
    committed = await flights.commit(Request(RenameFlight(flight_id=opening.flight_id, label="AR2"), context()))
    assert committed.stream == f"flight-{opening.flight_id}"
    assert [event.version for event in committed.histories[committed.stream]] == [1, 2]
    assert committed.position == (await store.head()).position == 2
    assert row(committed.histories[committed.stream]).label == "AR2"
    assert committed.repeated is False


async def test_events_carry_who_did_it_and_the_role_that_allowed_it(store: EventStore) -> None:
    person = Principal(
        kind=PrincipalKind.USER,
        subject="user-1",
        credential="session-1",
        grants=(Grant(role="ADMIN", entity="workspace:w"),),
        permission_sets={"ADMIN": frozenset({"flights.open"})},
    )
    asked = Context.first(person)

    async def attempt(unit: Unit) -> str:
        assert unit.require("flights.open", "workspace:w") == "ADMIN"
        loaded = await unit.load(FLIGHT, "1")
        unit.append(loaded, FLIGHT.decide(OpenFlight(label="AR1", flight_id="1"), loaded.state))
        return loaded.stream

    await Commands(store).run(Request(OpenFlight(label="AR1", flight_id="1"), asked), attempt)
    metadata = (await store.read_stream("flight-1"))[0].metadata
    assert metadata == asked.metadata(role="ADMIN")


@pytest.mark.parametrize(
    ("principal", "expected"), [(Principal(), Unauthenticated), (Principal(kind=PrincipalKind.USER), Forbidden)]
)
async def test_who_may_not_leaves_nothing(store: EventStore, principal: Principal, expected: type[Exception]) -> None:
    async def attempt(unit: Unit) -> str:
        unit.require("flights.open", "workspace:w")
        raise AssertionError("not reached")

    with pytest.raises(expected):
        await Commands(store).run(Request(OpenFlight(label="AR1"), Context.first(principal, keyed=True)), attempt)
    assert (await store.head()).position == 0


async def test_a_repeat_answers_the_same_and_shows_today(flights: FlightHandlers, store: EventStore) -> None:
    opening, asked = OpenFlight(label="AR1"), context()
    first = await flights.commit(Request(opening, asked))
    await flights.commit(Request(RenameFlight(flight_id=opening.flight_id, label="AR2"), context()))
    again = await flights.commit(Request(OpenFlight(label="AR1"), asked))  # the same wish, other generated fields
    assert again.repeated is True
    assert again.stream == first.stream
    assert again.position == 2
    assert row(again.histories[again.stream]).label == "AR2"
    assert (await store.head()).count == 2


async def test_a_repeat_of_a_command_without_events_is_known_too(flights: FlightHandlers) -> None:
    opening = OpenFlight(label="AR1")
    await flights.commit(Request(opening, context()))
    same, asked = RenameFlight(flight_id=opening.flight_id, label="AR1"), context()
    first = await flights.commit(Request(same, asked))
    assert (first.position, first.repeated) == (1, False)
    await flights.commit(Request(RenameFlight(flight_id=opening.flight_id, label="AR2"), context()))
    again = await flights.commit(Request(same, asked))
    assert again.repeated is True
    assert row(again.histories[again.stream]).label == "AR2"


async def test_an_id_with_another_wish_is_invalid(flights: FlightHandlers, store: EventStore) -> None:
    asked = context()
    await flights.commit(Request(OpenFlight(label="AR1"), asked))
    with pytest.raises(Invalid) as invalid:
        await flights.commit(Request(OpenFlight(label="AR2"), asked))
    assert invalid.value.rule == "reused_id"
    assert (await store.head()).count == 1


async def test_a_refusal_with_a_key_is_remembered(flights: FlightHandlers) -> None:
    first = OpenFlight(label="AR1")
    await flights.commit(Request(first, context()))
    asked = context(keyed=True)
    with pytest.raises(Rejected) as rejected:
        await flights.commit(Request(OpenFlight(label="AR1"), asked))
    assert rejected.value.rule == "label_taken"
    await flights.commit(Request(OpenFlight(label="AR9"), context()))
    with pytest.raises(Rejected) as again:
        await flights.commit(Request(OpenFlight(label="AR1"), asked))
    assert (again.value.text, again.value.rule) == (rejected.value.text, rejected.value.rule)
    with pytest.raises(Invalid):
        await flights.commit(Request(OpenFlight(label="AR2"), asked))


async def test_a_refusal_without_a_key_is_decided_afresh(flights: FlightHandlers) -> None:
    opening, asked = OpenFlight(label="AR1"), context()
    rename = RenameFlight(flight_id=opening.flight_id, label="AR2")
    with pytest.raises(NotFound):
        await flights.commit(Request(rename, asked))
    await flights.commit(Request(opening, context()))
    assert (await flights.commit(Request(rename, asked))).repeated is False


async def test_a_refusal_that_comes_of_the_command_itself_is_its_answer(
    flights: FlightHandlers, store: EventStore
) -> None:
    opening = OpenFlight(label="AR1")
    await flights.commit(Request(opening, context()))
    closing = Request(CloseFlight(flight_id=opening.flight_id), context())
    other_replica = FlightHandlers(Commands(store))

    async def attempt(unit: Unit) -> str:
        await other_replica.commit(closing)  # overtakes us between our look for the receipt and our load
        loaded = await unit.load(FLIGHT, opening.flight_id)
        unit.append(loaded, FLIGHT.decide(closing.message, loaded.state))
        return loaded.stream

    committed = await Commands(store).run(closing, attempt)
    assert committed.repeated is True
    assert (await store.head()).count == 2


async def test_a_lost_race_is_decided_afresh(store: EventStore) -> None:
    flights = FlightHandlers(Commands(store))
    opening = OpenFlight(label="AR1")
    await flights.commit(Request(opening, context()))
    rename = RenameFlight(flight_id=opening.flight_id, label="mine")
    attempts = 0

    async def attempt(unit: Unit) -> str:
        nonlocal attempts
        attempts += 1
        loaded = await unit.load(FLIGHT, opening.flight_id)
        if attempts < 3:
            await flights.commit(Request(rename.model_copy(update={"label": f"other {attempts}"}), context()))
        unit.append(loaded, FLIGHT.decide(rename, loaded.state))
        return loaded.stream

    committed = await Commands(store).run(Request(rename, context()), attempt)
    assert attempts == 3
    labels = [event.event for event in committed.histories[committed.stream]]
    assert labels[-1] == FlightRenamed(flight_id=opening.flight_id, label="mine")
    assert len(labels) == 4


async def test_three_lost_races_are_unavailable(store: EventStore) -> None:
    flights = FlightHandlers(Commands(store))
    opening = OpenFlight(label="AR1")
    await flights.commit(Request(opening, context()))
    rename = RenameFlight(flight_id=opening.flight_id, label="mine")
    attempts = 0

    async def attempt(unit: Unit) -> str:
        nonlocal attempts
        attempts += 1
        loaded = await unit.load(FLIGHT, opening.flight_id)
        await flights.commit(Request(rename.model_copy(update={"label": f"other {attempts}"}), context()))
        unit.append(loaded, FLIGHT.decide(rename, loaded.state))
        return loaded.stream

    with pytest.raises(Unavailable, match="lost 3 races"):
        await Commands(store).run(Request(rename, context()), attempt)
    assert attempts == 3


async def test_many_writers_of_one_stream_queue_and_all_succeed(flights: FlightHandlers, store: EventStore) -> None:
    opening = OpenFlight(label="AR1")
    await flights.commit(Request(opening, context()))
    renames = [RenameFlight(flight_id=opening.flight_id, label=f"AR{number}") for number in range(2, 42)]
    await asyncio.gather(*(flights.commit(Request(rename, context(30))) for rename in renames))
    history = await store.read_stream(f"flight-{opening.flight_id}")
    assert [event.version for event in history] == list(range(1, 42))
    assert row(history).names == 41


async def test_four_repeats_in_four_replicas_have_one_effect(store: EventStore) -> None:
    replicas = [FlightHandlers(Commands(store)) for _ in range(4)]
    opening, asked = OpenFlight(label="AR1"), context()
    answers = await asyncio.gather(*(each.run(Request(opening, asked)) for each in replicas))
    assert all(answer == answers[0] for answer in answers)
    assert (await store.head()).count == 1


async def test_of_two_claims_of_one_value_one_wins(flights: FlightHandlers, store: EventStore) -> None:
    tries = [flights.commit(Request(OpenFlight(label="AR1"), context())) for _ in range(8)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    refused = [outcome for outcome in outcomes if isinstance(outcome, Rejected)]
    assert [each.rule for each in refused] == ["label_taken"] * 7
    assert (await store.head()).count == 1


async def test_a_cancelled_command_frees_its_queue(flights: FlightHandlers) -> None:
    opening = OpenFlight(label="AR1")
    await flights.commit(Request(opening, context()))
    rename = RenameFlight(flight_id=opening.flight_id, label="AR2")
    first = asyncio.create_task(flights.commit(Request(rename, context())))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    late = replace(context(), message_id=context().message_id)
    async with asyncio.timeout(5):
        await flights.commit(Request(rename.model_copy(update={"label": "AR3"}), late))


async def test_who_may_not_any_more_is_not_shown_what_has_changed_since(store: EventStore) -> None:
    may = Principal(
        kind=PrincipalKind.USER,
        subject="user-1",
        grants=(Grant(role="ADMIN", entity="workspace:w"),),
        permission_sets={"ADMIN": frozenset({"flights.open"})},
    )
    may_not = may.model_copy(update={"grants": ()})
    opening, asked, commands = OpenFlight(label="AR1", flight_id="1"), Context.first(may, keyed=True), Commands(store)

    async def attempt(unit: Unit) -> str:
        unit.require("flights.open", "workspace:w")
        loaded = await unit.load(FLIGHT, "1")
        unit.append(loaded, FLIGHT.decide(opening, loaded.state))
        return loaded.stream

    async def sent_again(who: Principal, *, in_the_same_request: bool = False) -> str:
        request = asked.correlation_id if in_the_same_request else new_message_id()
        again = replace(asked, principal=who, correlation_id=request)
        committed = await commands.run(Request(opening, again), attempt)
        assert committed.repeated
        return row(committed.histories[committed.stream]).label

    await commands.run(Request(opening, asked), attempt)
    assert await sent_again(may_not) == "AR1"  # they have seen it
    await FlightHandlers(commands).commit(Request(RenameFlight(flight_id="1", label="AR2"), context()))
    assert await sent_again(may) == "AR2"
    assert await sent_again(may_not, in_the_same_request=True) == "AR2"  # it was allowed and is done
    with pytest.raises(Forbidden):
        await sent_again(may_not)
