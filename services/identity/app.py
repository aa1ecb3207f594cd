"""Puts identity together."""

from typing import Final

from tenacity import AsyncRetrying, retry_if_exception_type, wait_exponential

from services.identity.contract import SERVICE
from services.identity.domain.events import STORED
from services.identity.handlers import command_handlers
from services.identity.handlers.kit import Kit, kit
from services.identity.policies import ClearingPolicy, EndSessionsWorker, ForgetWorker, SweepWorker, closing_consumer
from services.identity.projections import PROJECTIONS
from services.identity.queries import query_handlers
from services.identity.settings import IdentitySettings
from services.identity.sql import FOLDER
from shared.errors import Unavailable
from shared.service import App, Job, Running, Service
from shared.store.events import EventTypes


def build(running: Running) -> Service:
    """Return what the service brings to the kernel."""
    made = kit(running)
    return Service(
        handlers={**command_handlers(made), **query_handlers(made)},
        projections=PROJECTIONS,
        policies=(ClearingPolicy(),),
        workers=(ForgetWorker(made), EndSessionsWorker(made), SweepWorker(made)),
        consumers=(closing_consumer(running.store),),
        jobs=(_first_start(made),),
    )


def _first_start(made: Kit) -> Job:
    async def first_start(running: Running) -> None:
        """Make what an installation has once: the organization and a signing key."""
        del running
        retrying = AsyncRetrying(retry=retry_if_exception_type(Unavailable), wait=wait_exponential(max=5))
        async for attempt in retrying:
            with attempt:
                await made.organization.id()
                await made.signing_keys.newest()

    return first_start


APP: Final = App(name=SERVICE, types=EventTypes(STORED), settings=IdentitySettings, sql=FOLDER, build=build)
