"""Puts the deployments service together."""

import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final, assert_never

from services.deployments.adoption import AdoptionHandlers
from services.deployments.bundles.store import Bundles
from services.deployments.contract import BUNDLES_STREAM, EVENTS, LOGS_STREAM, SERVICE, DriverName
from services.deployments.deploy_handlers import DeployHandlers
from services.deployments.directory import WorkspaceDirectory
from services.deployments.doors import DoorHandlers
from services.deployments.drivers.offers import offer_of
from services.deployments.drivers.protocol import Driver
from services.deployments.drivers.simulated import SimulatedDriver
from services.deployments.handlers import CommandHandlers
from services.deployments.keeping.assignments import Assignments
from services.deployments.keeping.history import Specifications
from services.deployments.keeping.keeper import Keeper
from services.deployments.keeping.lease import Lease
from services.deployments.keeping.reporter import Reporter
from services.deployments.keeping.sweeper import Sweeper
from services.deployments.kubernetes.app import LEASE, kubernetes_driver
from services.deployments.log_history.job import keep_history
from services.deployments.log_queries import LogQueryHandlers
from services.deployments.logs.stream import LogStream
from services.deployments.policies import DriverPolicy
from services.deployments.projections import concern, deployments_projection
from services.deployments.queries import QueryHandlers
from services.deployments.runner.voices import Voices
from services.deployments.settings import DeploymentsSettings
from services.deployments.workers import DriverWorker, PurgeWorker
from services.identity.contract.holdings import asker_with_all_grants
from shared.audit.audited import Audited
from shared.bus.request import Handlers
from shared.ids import new_id
from shared.service import App, Job, Running, Service
from shared.store.events import EventTypes

SIMULATED_LEASE: Final = timedelta(seconds=3)
"""Nothing real is kept, so another replica may go on soon after one has died."""


def build(running: Running) -> Service:
    """Return what the deployments service brings to the kernel."""
    settings = running.settings
    assert isinstance(settings, DeploymentsSettings)
    stream = LogStream(running.bus, settings.logs_age, settings.logs_bytes)
    assignments = Assignments(running.pool_queries)
    bundles = Bundles(running.pool_queries, running.bus)
    keeper, keep = _keeper(running, settings, assignments, stream)
    reporter = Reporter(
        store=running.store,
        assignments=assignments,
        commands=running.commands,
        bundles=bundles,
        keys=running.keys,
    )
    driving = DriverWorker(store=running.store, assignments=assignments, wake=keeper.wake if keeper else lambda: None)
    return Service(
        handlers=_handlers(running, settings, bundles),
        projections=(deployments_projection(),),
        policies=(DriverPolicy(settings.deleted_kept),),
        workers=(driving, PurgeWorker(commands=running.commands)),
        jobs=(
            _job("log stream", stream.keep),
            _job("log history", partial(keep_history, settings, running.bus, service=running.name)),
            _job("bundles", bundles.keep),
            _job("reporter", reporter.run),
            *([_job("keeper", keep)] if keep else []),
        ),
        audited=Audited(concern_of=concern, asker_of=partial(asker_with_all_grants, running.bus)),
    )


def _handlers(running: Running, settings: DeploymentsSettings, bundles: Bundles) -> Handlers:
    offered = offer_of(settings.driver)
    commands = CommandHandlers(
        store=running.store,
        commands=running.commands,
        bus=running.bus,
        directory=WorkspaceDirectory(running.bus),
        offered=offered,
        manual_release_names=settings.manual_release_names,
    )
    deploys = DeployHandlers(
        store=running.store, commands=running.commands, bus=running.bus, bundles=bundles, offered=offered
    )
    queries = QueryHandlers(running.pool_queries, running.bus, offered)
    adoption = AdoptionHandlers(commands=running.commands, bus=running.bus, directory=WorkspaceDirectory(running.bus))
    doors = DoorHandlers(running.pool_queries, running.store, running.bus)
    lines = LogQueryHandlers(running.pool_queries, running.bus)
    parts = (commands, deploys, adoption, queries, lines, doors)
    return {kind: handler for part in parts for kind, handler in part.by_type().items()}


def _keeper(
    running: Running, settings: DeploymentsSettings, assignments: Assignments, stream: LogStream
) -> tuple[Keeper | None, Callable[[], Awaitable[None]] | None]:
    """Return the keeper that lives in this process and how it runs, None where the runner is another."""
    voices = Voices(stream, settings.logs_rate)
    driver: Driver
    match settings.driver:
        case DriverName.LOCAL:
            return None, None
        case DriverName.SIMULATED:
            driver, lasts = SimulatedDriver(stream), SIMULATED_LEASE
        case DriverName.KUBERNETES:
            driver, lasts = kubernetes_driver(settings, voices.of, os.environ), LEASE
        case _:
            assert_never(settings.driver)
    lease = Lease(pool=running.pool_queries, driver=driver.name, holder=new_id(), lasts=lasts)
    keeper = Keeper(
        driver=driver,
        assignments=assignments,
        lease=lease,
        sweeper=Sweeper(driver, assignments, settings.deleted_kept),
        load=Specifications(running.store, settings.doors).load,
    )

    async def keep() -> None:
        try:
            await keeper.run()
        finally:
            await voices.close()

    return keeper, keep


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
    streams=[LOGS_STREAM, BUNDLES_STREAM],
)
