"""What the write path keeps of streams on a real Postgres: enough to read on, never more than it may."""

from dataclasses import replace

import pytest

from shared.bus.request import Request
from shared.commands import Commands
from shared.decider import Loaded
from shared.ids import new_id
from shared.loading import Loader
from shared.store.events import EventStore
from shared.store.model import Recorded
from tests.integration.bus import context
from tests.integration.kernel.flights import FLIGHT, Flight, FlightHandlers, OpenFlight, RenameFlight
from tests.integration.kernel.test_commands import store

__all__ = ["store"]  # the fixture


class Counted(EventStore):
    """The store, with a note of the events that were read."""

    read: list[int]

    async def read_stream(self, stream: str, *, after: int = 0) -> list[Recorded]:
        events = await super().read_stream(stream, after=after)
        self.read.append(len(events))
        return events


@pytest.fixture
def counted(store: EventStore) -> Counted:
    store.__class__ = Counted
    assert isinstance(store, Counted)
    store.read = []
    return store


async def renamed(store: EventStore, times: int) -> str:
    """Return the id of a flight that another process has opened and renamed `times` times."""
    flights, opening = FlightHandlers(Commands(store)), OpenFlight(label=new_id())
    await flights.commit(Request(opening, context()))
    for number in range(times):
        await flights.commit(
            Request(RenameFlight(flight_id=opening.flight_id, label=f"{opening.flight_id} {number}"), context())
        )
    return opening.flight_id


async def load(loader: Loader, flight: str) -> Loaded[Flight]:
    return await loader.load(FLIGHT, FLIGHT.stream(flight))


async def test_only_what_is_new_is_read_again(counted: Counted) -> None:
    loader, flight = Loader(counted), await renamed(counted, 3)
    first = await load(loader, flight)
    await FlightHandlers(Commands(counted)).commit(Request(RenameFlight(flight_id=flight, label="X"), context()))
    counted.read.clear()
    second = await load(loader, flight)
    assert counted.read == [1]
    assert second == replace(await load(Loader(counted), flight), events=second.events)
    assert list(second.events)[: first.version] == list(first.events)


async def test_forgotten_streams_are_read_from_their_beginning(counted: Counted) -> None:
    loader, flight = Loader(counted), await renamed(counted, 3)
    await load(loader, flight)
    loader.forget([FLIGHT.stream(flight)])
    counted.read.clear()
    assert (await load(loader, flight)).version == 4
    assert counted.read == [4]


async def test_streams_longest_unused_give_way(counted: Counted) -> None:
    loader = Loader(counted, most_events=8)
    flights = [await renamed(counted, 3) for _ in range(3)]
    for flight in flights:
        await load(loader, flight)
    counted.read.clear()
    for flight in (flights[2], flights[1], flights[0]):
        await load(loader, flight)
    assert counted.read == [0, 0, 4]


async def test_nothing_is_kept_past_its_time(counted: Counted) -> None:
    loader, flight = Loader(counted, kept_s=0.0), await renamed(counted, 3)
    await load(loader, flight)
    counted.read.clear()
    await load(loader, flight)
    assert counted.read == [4]
