"""Puts the deployments service together."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Final

from services.deployments.contract import EVENTS, SERVICE
from services.deployments.directory import WorkspaceDirectory
from services.deployments.drivers.simulated import SimulatedDriver
from services.deployments.drivers.simulation import Simulation
from services.deployments.handlers import CommandHandlers
from services.deployments.logs.stream import LogStream
from services.deployments.policies import DriverPolicy
from services.deployments.projections import concern, deployments_projection
from services.deployments.queries import QueryHandlers
from services.deployments.settings import DeploymentsSettings
from services.deployments.workers import DriverWorker
from services.identity.contract.holdings import asker_with_all_grants
from shared.audit.audited import Audited
from shared.service import App, Job, Running, Service
from shared.store.events import EventTypes


def build(running: Running) -> Service:
    """Return what the deployments service brings to the kernel."""
    settings = running.settings
    assert isinstance(settings, DeploymentsSettings)
    stream = LogStream(running.bus, settings.logs_age, settings.logs_bytes)
    simulation = Simulation(settings.database_url.get_secret_value(), stream)
    driver = SimulatedDriver(running.pool_queries, simulation)
    commands = CommandHandlers(
        store=running.store,
        commands=running.commands,
        bus=running.bus,
        directory=WorkspaceDirectory(running.bus),
        manual_release_names=settings.manual_release_names,
    )
    worker = DriverWorker(store=running.store, commands=running.commands, keys=running.keys, driver=driver)
    return Service(
        handlers={**commands.by_type(), **QueryHandlers(running.pool_queries, running.bus).by_type()},
        projections=(deployments_projection(),),
        policies=(DriverPolicy(),),
        workers=(worker,),
        jobs=(_job("log stream", stream.keep), _job("simulation", simulation.run)),
        audited=Audited(concern_of=concern, asker_of=partial(asker_with_all_grants, running.bus)),
    )


def _job(name: str, run: Callable[[], Awaitable[None]]) -> Job:
    async def job(_: Running) -> None:
        await run()

    job.__name__ = name
    return job


APP: Final = App(
    name=SERVICE,
    types=EventTypes(EVENTS),
    settings=DeploymentsSettings,
    sql=Path(__file__).parent / "sql",
    build=build,
)
