"""The service of flights as a process of its own: `python -m tests.integration.kernel.process`."""

from pathlib import Path

from shared.bus.request import Request, Result
from shared.messages import Message, Query
from shared.runtime.loop import run
from shared.service import App, Running, Service, run_service
from shared.settings import ServiceSettings
from tests.integration.kernel.flights import TYPES, FlightCommand, FlightHandlers, FlightRow, OpenFlight

GATE = 4711
"""The advisory lock that a test holds to hold up the opening of a flight."""


class Nothing(Message):
    pass


class Fail(Query[Nothing]):
    subject = "identity.query.fail"


class GatedHandlers(FlightHandlers):
    """Opens no flight while a test holds the gate."""

    def __init__(self, running: Running) -> None:
        super().__init__(running.commands)
        self._pool = running.pool_queries

    async def run(self, request: Request[FlightCommand]) -> Result[FlightRow]:
        if isinstance(request.message, OpenFlight):
            await self._pool.execute("select pg_advisory_xact_lock_shared($1)", GATE)
        return await super().run(request)


async def fail(_: Request[Fail]) -> Result[Nothing]:
    raise ValueError("a mistake")


def build(running: Running) -> Service:
    """Return what the service brings."""
    return Service(handlers={**GatedHandlers(running).handlers, Fail: fail})


APP = App(name="identity", types=TYPES, settings=ServiceSettings, sql=Path(__file__).parent, build=build)

if __name__ == "__main__":
    run(run_service(APP))
