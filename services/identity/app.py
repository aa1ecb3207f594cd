"""Puts identity together."""

from functools import partial
from typing import Final

from tenacity import AsyncRetrying, retry_if_exception_type, wait_exponential

from services.deployments.contract import SERVICE as DEPLOYMENTS
from services.identity.contract import SERVICE
from services.identity.domain.events import STORED
from services.identity.handlers import command_handlers
from services.identity.handlers.forgetting import Forgetting
from services.identity.handlers.kit import Kit, kit
from services.identity.handlers.revocation import Revocation
from services.identity.handlers.signing_keys import LOOK_AT_AGE_EVERY_S, SigningKeyCommands
from services.identity.handlers.strangers import RefusedStrangers
from services.identity.handlers.uses import WRITE_EVERY_S
from services.identity.policies import (
    ClearingPolicy,
    EndMembershipsWorker,
    EndSessionsWorker,
    ForgetWorker,
    closing_consumer,
    sweep_workers,
)
from services.identity.projections import PROJECTIONS
from services.identity.projections.audit import concern
from services.identity.queries import query_handlers
from services.identity.queries.seeing import asker_of
from services.identity.settings import IdentitySettings
from services.identity.sql import FOLDER
from shared.audit.audited import Audited
from shared.errors import Unavailable
from shared.followers.published import stream_name
from shared.runtime.background import every
from shared.service import App, Job, Running, Service
from shared.store.events import EventTypes

_PURGE_EVERY_S: Final = 3600.0


def build(running: Running) -> Service:
    """Return what the service brings to the kernel."""
    made = kit(running)
    running.store.on_change(Revocation(running.bus).tell)
    return Service(
        handlers={**command_handlers(made), **query_handlers(made)},
        projections=PROJECTIONS,
        policies=(ClearingPolicy(),),
        workers=(ForgetWorker(made), EndSessionsWorker(made), EndMembershipsWorker(made), *sweep_workers(made)),
        consumers=(closing_consumer(running.store),),
        jobs=(_first_start(made), _write_uses(made), _purge_failures(made), _rotate_keys(made)),
        audited=Audited(concern_of=concern, asker_of=partial(asker_of, kit=made), strangers=RefusedStrangers(made)),
    )


def _first_start(made: Kit) -> Job:
    async def first_start(running: Running) -> None:
        """Make what an installation has once, and forget again whom a dump has brought back."""
        del running
        retrying = AsyncRetrying(retry=retry_if_exception_type(Unavailable), wait=wait_exponential(max=5))
        async for attempt in retrying:
            with attempt:
                await made.organization.id()
                await made.signing_keys.add_first()
                await Forgetting(made).forget_again()

    return first_start


def _rotate_keys(made: Kit) -> Job:
    commands = SigningKeyCommands(made)

    async def rotate_keys(running: Running) -> None:
        """Make the next signing key when the newest is old enough."""
        del running
        await made.signing_keys.add_first()
        await every(LOOK_AT_AGE_EVERY_S, lambda: commands.rotate_by_age(made.settings.signing_key_days))

    return rotate_keys


def _write_uses(made: Kit) -> Job:
    async def write_uses(running: Running) -> None:
        """Write when service accounts were used, a batch a second."""
        del running
        await every(WRITE_EVERY_S, made.uses.write)

    return write_uses


def _purge_failures(made: Kit) -> Job:
    async def purge_failures(running: Running) -> None:
        """Drop counts of failed proofs that are too old to matter."""
        del running
        await every(_PURGE_EVERY_S, made.gate.purge)

    return purge_failures


APP: Final = App(
    name=SERVICE,
    types=EventTypes(STORED),
    settings=IdentitySettings,
    sql=FOLDER,
    build=build,
    streams=[stream_name(DEPLOYMENTS)],
)
