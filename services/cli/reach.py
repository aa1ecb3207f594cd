"""How the looking and mending commands reach a service: through its own settings, from the shell or a running `up`."""

import asyncio
import importlib
import json
import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager

from services.cli.folder import CannotStart, DataFolder
from services.nats_users import SERVICES
from shared.bus.client import Bus
from shared.commands import Commands
from shared.followers.followers import Followed, Followers
from shared.postgres import open_pools
from shared.service import App, Running
from shared.settings import PREFIX, ServiceSettings, WrongSettings, load_settings
from shared.store.events import EventStore
from shared.store.personal import PersonalKeys

OPEN_S = 10.0
DATABASE = f"{PREFIX}DATABASE_URL"


def known_service(name: str) -> str:
    """Return the name of a service with a store; raise CannotStart for another."""
    if name not in SERVICES:
        raise CannotStart(f"there is no service {name} with events; there are {', '.join(SERVICES)}")
    return name


def environments(folder: DataFolder, service: str) -> Mapping[str, Mapping[str, str]]:
    """Return the settings of one service, or of all for "", by its name.

    They are those of the shell when it holds AERODROME_DATABASE_URL, as in a container; then a service must be named.
    Else they are those that the running `up` of the data folder gave to its services.
    """
    if DATABASE in os.environ:
        if not service:
            raise CannotStart(f"{DATABASE} is set: name the service it belongs to, such as --service identity")
        return {known_service(service): os.environ}
    folder.state()
    names: Sequence[str] = [known_service(service)] if service else SERVICES
    return {name: _of_up(folder, name) for name in names}


def _of_up(folder: DataFolder, service: str) -> Mapping[str, str]:
    text = (folder.run / f"{service}.environment.json").read_text(encoding="utf-8")
    settings: dict[str, str] = json.loads(text)
    return settings


@asynccontextmanager
async def opened(folder: DataFolder, service: str) -> AsyncGenerator[Running]:
    """Open a service's store and followers as the service does, but run nothing.

    Raises CannotStart if Postgres or NATS has not answered in 10 s.
    """
    app: App = importlib.import_module(f"services.{known_service(service)}.app").APP
    settings = _settings(app, environments(folder, service)[service])
    try:
        async with asyncio.timeout(OPEN_S):
            pools = await open_pools(settings.database_url.get_secret_value(), service=f"{service} cli")
            bus = await Bus.connect(settings, name=f"{service} cli")
    except TimeoutError as error:
        raise CannotStart(f"postgres or nats of {service} has not answered in {OPEN_S:g} s") from error
    master_key = settings.master_key_bytes()
    keys = PersonalKeys(pools.commands, master_key) if master_key else None
    store = EventStore(pools.commands, app.types, keys, readers=pools.followers)
    running = Running(
        name=service,
        settings=settings,
        bus=bus,
        store=store,
        commands=Commands(store),
        pool_queries=pools.queries,
        keys=keys,
    )
    parts = app.build(running)
    followed = Followed(
        projections=parts.projections, policies=parts.policies, workers=parts.workers, consumers=parts.consumers
    )
    running.followers = Followers(service, store=store, pool=pools.followers, bus=bus, followed=followed)
    try:
        yield running
    finally:
        await store.close()
        await bus.close()
        await pools.close()


def _settings(app: App, environment: Mapping[str, str]) -> ServiceSettings:
    os.environ.update({key: value for key, value in environment.items() if key.startswith(PREFIX)})
    try:
        return load_settings(app.settings)
    except WrongSettings as error:
        raise CannotStart(str(error)) from error
