"""How a service is put together and run: what it gets from the kernel, and what it brings."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from shared.audit.audited import Audited
from shared.audit.messages import Audit
from shared.audit.projection import AuditProjection
from shared.audit.queries import AuditQueries
from shared.audit.refusals import RefusalLog
from shared.bus.client import Bus
from shared.bus.kernel import Events, PublishedEvents, Reached, WaitFor
from shared.bus.request import Handlers, Request, Result
from shared.bus.server import BusServer
from shared.commands import Commands
from shared.followers.consumer import Consumer
from shared.followers.followers import Followed, Followers
from shared.followers.policy import Policy, Worker
from shared.followers.projection import Projection
from shared.followers.published import stream_name
from shared.health import Health
from shared.postgres import Pools, open_pools, reachable
from shared.runtime.background import Background, every
from shared.runtime.loop import serve
from shared.settings import BusSettings, ServiceSettings, load_settings
from shared.store.events import EventStore, EventTypes
from shared.store.model import PgPool
from shared.store.personal import PersonalKeys
from shared.store.verify import keep_signing_heads
from shared.telemetry import start_telemetry

log = logging.getLogger(__name__)

FINISH_S: Final = 6.0
"""How long the drain waits for the messages in work: a little over their usual deadline."""
_FOLLOWERS_S: Final = 3.0
_ANSWER_S: Final = 0.2
"""What a wait leaves of its deadline for its answer."""
_PURGE_EVERY_S: Final = 3600.0


@dataclass(slots=True)
class Running:
    """What a service is built from: connected, and alive until the process is told to leave.

    `followers` is there from the moment the service's handlers and jobs run, not yet in `build`.
    """

    name: str
    settings: ServiceSettings
    bus: Bus
    store: EventStore
    commands: Commands
    pool_queries: PgPool
    keys: PersonalKeys | None
    followers: Followers = field(init=False)


Job = Callable[[Running], Awaitable[None]]
"""A background task of a service; it runs until it is cancelled at the drain, and again if it fails."""


@dataclass(frozen=True, slots=True)
class Service:
    """What a service brings to the kernel."""

    handlers: Handlers
    projections: Sequence[Projection] = ()
    policies: Sequence[Policy] = ()
    workers: Sequence[Worker] = ()
    consumers: Sequence[Consumer] = ()
    jobs: Sequence[Job] = ()
    audited: Audited | None = None


@dataclass(frozen=True, slots=True)
class App:
    """One service as the command line knows it: `APP` in its `app.py`.

    `sql` is the folder of its migrations; `settings` is the class that reads its environment; `streams` are the
    JetStream streams that it uses besides that of its own events.
    """

    name: str
    types: EventTypes
    settings: type[ServiceSettings]
    sql: Path
    build: Callable[[Running], Service]
    streams: Sequence[str] = ()

    async def connect(self, settings: BusSettings, *, name: str) -> Bus:
        """Return the service's bus, connected; waits for NATS for as long as it takes."""
        return await Bus.connect(settings, name=name, streams=(stream_name(self.name), *self.streams))


def build(app: App, settings: ServiceSettings, pools: Pools, bus: Bus) -> tuple[Running, Service]:
    """Return a service's store, commands and followers, built and not yet running, and the parts it brought."""
    master_key = settings.master_key_bytes()
    keys = PersonalKeys(pools.commands, master_key) if master_key else None
    store = EventStore(pools.commands, app.types, keys, readers=pools.followers)
    running = Running(
        name=app.name,
        settings=settings,
        bus=bus,
        store=store,
        commands=Commands(store),
        pool_queries=pools.queries,
        keys=keys,
    )
    service = app.build(running)
    if service.audited:
        running.commands.asker_of = service.audited.asker_of
    audit = [AuditProjection(service.audited.concern_of)] if service.audited else []
    followed = Followed(
        projections=(*service.projections, *audit),
        policies=service.policies,
        workers=service.workers,
        consumers=service.consumers,
    )
    running.followers = Followers(app.name, store=store, pool=pools.followers, bus=bus, followed=followed)
    return running, service


async def run_service(app: App, settings: ServiceSettings | None = None) -> None:
    """Run a service until SIGTERM or SIGINT, then drain: stop taking work, finish what is in flight, leave.

    Waits for Postgres and NATS with backoff and outlives their restarts. Raises WrongSettings.
    """
    found = settings or load_settings(app.settings)
    start_telemetry(service=app.name, level=found.log_level)
    await serve(ServiceProcess(app, found))


class ServiceProcess:
    """One running service: everything it holds, opened in order and closed in the other order."""

    def __init__(self, app: App, settings: ServiceSettings) -> None:
        self._app = app
        self._settings = settings
        self._background = Background()
        self._health: Health | None = None
        self._pools: Pools | None = None
        self._bus: Bus | None = None
        self._store: EventStore | None = None
        self._followers: Followers | None = None
        self._server: BusServer | None = None
        self._refusals: RefusalLog | None = None
        self._ready = False

    @property
    def health_port(self) -> int:
        """Return the port of the health door, 0 before it is open."""
        return self._health.port if self._health else 0

    async def start(self) -> None:
        """Open the health door, wait for the servers, and take work."""
        settings, name = self._settings, self._app.name
        checks = {"postgres": self._has_postgres, "nats": self._has_nats, "service": self._has_started}
        self._health = await Health.start(host=settings.health_host, port=settings.health_port, checks=checks)
        self._pools = await open_pools(settings.database_url.get_secret_value(), service=name)
        self._bus = await self._app.connect(settings, name=name)
        running, service = build(self._app, settings, self._pools, self._bus)
        self._store = running.store
        self._followers = running.followers
        running.store.on_commit(running.followers.wake)
        await running.followers.start()
        self._refusals = _refusal_log(running, service)
        self._server = BusServer(
            self._bus,
            name,
            {**service.handlers, **_kernel_handlers(running, service)},
            refused=self._refusals.note if self._refusals else None,
        )
        await self._server.start()
        self._start_background(running, service)
        self._ready = True
        log.info("service is ready", extra={"health_port": self.health_port})

    async def stop(self) -> None:
        """Take no more work, finish what is in flight, and close everything."""
        log.info("service leaves")
        if self._health:
            self._health.leaving()
        if self._server:
            await self._server.drain(patience_s=FINISH_S)
        await self._background.stop()
        if self._refusals:
            await self._refusals.flush()
        await self._stop_followers()
        for part in (self._store, self._bus, self._pools):
            if part:
                await part.close()
        if self._health:
            await self._health.stop()

    def _start_background(self, running: Running, service: Service) -> None:
        start, heads = self._background.start, self._settings.heads_folder
        start("purge receipts", partial(every, _PURGE_EVERY_S, running.store.purge_receipts))
        if self._refusals:
            start("write refusals", self._refusals.run)
            start("purge refusals", partial(every, _PURGE_EVERY_S, self._refusals.purge))
        if heads:
            start("sign heads", partial(keep_signing_heads, running.store, heads))
        for job in service.jobs:
            start(getattr(job, "__name__", "job"), partial(job, running))

    async def _stop_followers(self) -> None:
        if self._followers is None:
            return
        try:
            async with asyncio.timeout(_FOLLOWERS_S):
                await self._followers.stop()
        except TimeoutError:
            log.warning("followers were cut short at the drain; their checkpoints hold")

    async def _has_postgres(self) -> bool:
        return self._pools is not None and await reachable(self._pools.queries)

    async def _has_nats(self) -> bool:
        return self._bus is not None and self._bus.connected

    async def _has_started(self) -> bool:
        return self._ready


def _refusal_log(running: Running, service: Service) -> RefusalLog | None:
    if service.audited is None:
        return None
    return RefusalLog(running.pool_queries, running.name, strangers=service.audited.strangers)


def _kernel_handlers(running: Running, service: Service) -> Handlers:
    async def wait_for(request: Request[WaitFor]) -> Result[Reached]:
        wanted = request.message
        timeout_s = max(0.0, min(wanted.timeout_s, request.context.left_s - _ANSWER_S))
        if wanted.source in {"", running.name}:
            reached = await running.followers.wait_for(
                position=wanted.position, stream=wanted.stream, timeout_s=timeout_s
            )
        else:
            reached = await running.followers.wait_for_source(wanted.source, wanted.position, timeout_s=timeout_s)
        return Result(Reached(reached=reached))

    async def events(request: Request[Events]) -> Result[PublishedEvents]:
        wanted = request.message
        return Result(
            await running.followers.published_events(after=wanted.after, limit=wanted.limit, epoch=wanted.epoch)
        )

    handlers: Handlers = {WaitFor: wait_for, Events: events}
    if service.audited is None:
        return handlers
    return {**handlers, Audit: AuditQueries(running.pool_queries, service.audited.asker_of).audit}
