"""How a service is put together and run."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from shared.bus.client import Bus
from shared.bus.request import Handlers
from shared.commands import Commands
from shared.followers.consumer import Consumer
from shared.followers.followers import Followers
from shared.followers.policy import Policy, Worker
from shared.followers.projection import Projection
from shared.settings import ServiceSettings
from shared.store.events import EventStore, EventTypes
from shared.store.personal import PersonalKeys


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
    pool_queries: asyncpg.Pool
    keys: PersonalKeys | None
    followers: Followers = field(init=False)


Job = Callable[[Running], Awaitable[None]]
"""A background task of a service; it runs until it is cancelled at the drain."""


@dataclass(frozen=True, slots=True)
class Service:
    """What a service brings to the kernel."""

    handlers: Handlers
    projections: Sequence[Projection] = ()
    policies: Sequence[Policy] = ()
    workers: Sequence[Worker] = ()
    consumers: Sequence[Consumer] = ()
    jobs: Sequence[Job] = ()


@dataclass(frozen=True, slots=True)
class App:
    """One service as the command line knows it: `APP` in its `app.py`.

    `sql` is the folder of its migrations; `settings` is the class that reads its environment.
    """

    name: str
    types: EventTypes
    settings: type[ServiceSettings]
    sql: Path
    build: Callable[[Running], Service]


async def run_service(app: App, settings: ServiceSettings | None = None) -> None:
    """Run a service until SIGTERM or SIGINT, then drain: stop taking work, finish what is in flight, leave."""
    raise NotImplementedError
