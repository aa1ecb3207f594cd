"""How the mending commands reach a service: its store and followers opened, with its own settings, nothing run."""

import asyncio
import importlib
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from services.cli.environments import DATABASE, OPEN_S, environments, known_service
from services.cli.folder import CannotStart, DataFolder
from shared.postgres import QUERIES, open_pool, open_pools
from shared.service import App, Running, build
from shared.settings import ServiceSettings, WrongSettings, load_settings
from shared.store.model import PgPool


@asynccontextmanager
async def opened(folder: DataFolder, service: str) -> AsyncGenerator[Running]:
    """Open a service's store and followers as the service does, but run nothing.

    Raises CannotStart if Postgres or NATS has not answered in 10 s.
    """
    app: App = importlib.import_module(f"services.{known_service(service)}.app").APP
    settings = _settings(app, dict(environments(folder, service)[service]))
    try:
        async with asyncio.timeout(OPEN_S):
            pools = await open_pools(settings.database_url.get_secret_value(), service=f"{service} cli")
            bus = await app.connect(settings, name=f"{service} cli")
    except TimeoutError as error:
        raise CannotStart(f"postgres or nats of {service} has not answered in {OPEN_S:g} s") from error
    running, _ = build(app, settings, pools, bus)
    try:
        yield running
    finally:
        await running.store.close()
        await bus.close()
        await pools.close()


@asynccontextmanager
async def pool_of(service: str, environment: Mapping[str, str]) -> AsyncGenerator[PgPool]:
    """Open connections to a service's database alone; raise CannotStart if it has not answered in 10 s."""
    try:
        async with asyncio.timeout(OPEN_S):
            pool = await open_pool(environment[DATABASE], service=f"{service} cli", shape=QUERIES)
    except TimeoutError as error:
        raise CannotStart(f"the database of {service} has not answered in {OPEN_S:g} s") from error
    try:
        yield pool
    finally:
        await pool.close()


def _settings(app: App, environment: Mapping[str, str]) -> ServiceSettings:
    # The settings classes read the process's environment, so it is the service's for as long as that takes.
    ours = dict(os.environ)
    try:
        os.environ.clear()
        os.environ.update(environment)
        return load_settings(app.settings)
    except WrongSettings as error:
        raise CannotStart(str(error)) from error
    finally:
        os.environ.clear()
        os.environ.update(ours)
