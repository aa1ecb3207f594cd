"""The history's task in a process of the service, with connections of its own: it takes none from commands."""

import asyncio
from datetime import timedelta
from typing import Final

from services.deployments.log_history.intake import Intake
from services.deployments.log_history.table import LogTable
from services.deployments.log_history.upkeep import Upkeep
from services.deployments.settings import DeploymentsSettings
from shared.bus.client import Bus
from shared.postgres import PoolShape, close_pool, open_pool

POOL: Final = PoolShape(use="logs", most=4, statement_s=60, sessions=True)
_STOP: Final = timedelta(seconds=1)


async def keep_history(settings: DeploymentsSettings, bus: Bus, *, service: str) -> None:
    """Take lines in and keep the history in order until cancelled."""
    pool = await open_pool(settings.database_url.get_secret_value(), service=service, shape=POOL)
    loops = (Intake(bus, LogTable(pool)), Upkeep(pool, settings.logs_history, repeats=settings.logs_age))
    try:
        for each in loops:
            each.start()
        await asyncio.Event().wait()
    finally:
        await asyncio.gather(*(each.stop(_STOP) for each in loops))
        await close_pool(pool)
