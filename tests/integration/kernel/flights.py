"""A small service for the tests of the kernel: flights are opened, renamed and closed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from pydantic import Field

from shared.bus.request import Handlers, Request, Result
from shared.commands import Commands, Committed, Unit
from shared.decider import Decider
from shared.errors import NotFound, Rejected
from shared.ids import new_id
from shared.messages import Command, Event, Generated, Row
from shared.store.events import EventTypes
from shared.store.model import Claim, Recorded


class FlightRow(Row):
    id: str
    label: str
    names: int


class OpenFlight(Command[FlightRow]):
    subject: ClassVar[str] = "identity.command.open_flight"

    label: str
    flight_id: Annotated[str, Generated()] = Field(default_factory=new_id)


class RenameFlight(Command[FlightRow]):
    subject: ClassVar[str] = "identity.command.rename_flight"

    flight_id: str
    label: str


class CloseFlight(Command[FlightRow]):
    subject: ClassVar[str] = "identity.command.close_flight"

    flight_id: str


class FlightOpened(Event):
    type_name: ClassVar[str] = "flight.opened"

    flight_id: str
    label: str


class FlightRenamed(Event):
    type_name: ClassVar[str] = "flight.renamed"

    flight_id: str
    label: str


class FlightClosed(Event):
    type_name: ClassVar[str] = "flight.closed"

    flight_id: str


FlightCommand = OpenFlight | RenameFlight | CloseFlight
FlightEvent = FlightOpened | FlightRenamed | FlightClosed
TYPES = EventTypes([FlightOpened, FlightRenamed, FlightClosed])


@dataclass(frozen=True)
class Flight:
    label: str = ""
    names: int = 0
    there: bool = False


def decide(command: FlightCommand, flight: Flight) -> list[FlightEvent]:
    match command:
        case OpenFlight():
            if flight.there:
                raise Rejected("the flight is open", rule="open")
            return [FlightOpened(flight_id=command.flight_id, label=command.label)]
        case RenameFlight():
            if not flight.there:
                raise NotFound("no such flight")
            if flight.label == command.label:
                return []
            return [FlightRenamed(flight_id=command.flight_id, label=command.label)]
        case CloseFlight():
            if not flight.there:
                raise NotFound("no such flight")
            return [FlightClosed(flight_id=command.flight_id)]


def evolve(flight: Flight, event: FlightEvent) -> Flight:
    match event:
        case FlightOpened():
            return Flight(label=event.label, names=1, there=True)
        case FlightRenamed():
            return replace(flight, label=event.label, names=flight.names + 1)
        case FlightClosed():
            return replace(flight, there=False)


FLIGHT: Decider[FlightCommand, Flight, FlightEvent] = Decider(
    kind="flight", initial=Flight(), decide=decide, evolve=evolve
)


def row(history: Sequence[Recorded]) -> FlightRow:
    """Return the flight as its last event left it."""
    flight, flight_id = Flight(), ""
    for recorded in history:
        event = recorded.event
        assert isinstance(event, FlightOpened | FlightRenamed | FlightClosed)
        flight, flight_id = evolve(flight, event), event.flight_id
    return FlightRow(id=flight_id, label=flight.label, names=flight.names)


class FlightHandlers:
    """Runs the three commands; a label is claimed by the flight that has it."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    @property
    def handlers(self) -> Handlers:
        return {OpenFlight: self.run, RenameFlight: self.run, CloseFlight: self.run}

    async def run(self, request: Request[FlightCommand]) -> Result[FlightRow]:
        committed = await self.commit(request)
        return Result(row(committed.histories[committed.stream]), committed.stream, committed.position)

    async def commit(self, request: Request[FlightCommand]) -> Committed:
        command = request.message

        async def attempt(unit: Unit) -> str:
            loaded = await unit.load(FLIGHT, command.flight_id)
            unit.append(loaded, FLIGHT.decide(command, loaded.state))
            if isinstance(command, OpenFlight):
                taken = Rejected("the label is taken", rule="label_taken")
                unit.take(Claim("label", command.label, loaded.stream), taken=taken)
            return loaded.stream

        return await self._commands.run(request, attempt)
