"""Makes events of what is seen: every replica may, and what is told twice changes nothing."""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Final
from uuid import uuid5

from services.deployments.bundles.store import Bundles
from services.deployments.contract import SERVICE, Observation, ReportObserved, deployment_stream
from services.deployments.domain.deployment import DEPLOYMENT
from services.deployments.keeping.assignments import Assignments, News
from services.deployments.policies import WISHES
from shared.auth import service_principal
from shared.bus.context import Context
from shared.bus.request import Request
from shared.commands import Commands, Unit
from shared.errors import AerodromeError
from shared.followers.failures import describe
from shared.store.events import EventStore
from shared.store.personal import PersonalKeys

log = logging.getLogger(__name__)

LOOK_S: Final = 0.25


@dataclass(slots=True, kw_only=True)
class Reporter:
    """Reads news; a deployment of which nothing is left loses its bundles and the key of its secrets."""

    store: EventStore
    assignments: Assignments
    commands: Commands
    bundles: Bundles
    keys: PersonalKeys | None
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Tell news until cancelled."""
        while True:
            try:
                for news in await self.assignments.news():
                    await self._tell(news)
            except AerodromeError as error:
                log.warning("news of deployments wait", extra={"error": describe(error)})
            await asyncio.sleep(LOOK_S)

    async def _tell(self, news: News) -> None:
        sight = news.sight
        report = ReportObserved(
            deployment_id=news.deployment_id,
            generation=news.generation,
            observation=sight.observation,
            step=sight.step,
            reason=sight.reason,
            complaints=tuple(sight.complaints),
            lines=tuple(sight.lines),
        )

        async def attempt(unit: Unit) -> str:
            found = await unit.load(DEPLOYMENT, report.deployment_id)
            unit.append(found, DEPLOYMENT.decide(report, found.state))
            return found.stream

        context = await self._context(news)
        if context is not None:
            await self.commands.run(Request(report, context), attempt)
        if sight.observation is Observation.REMOVED:
            await self.bundles.drop_all(news.deployment_id)
            if self.keys is not None:
                await self.keys.destroy(news.deployment_id)
        await self.assignments.told(news)

    async def _context(self, news: News) -> Context | None:
        """Return the context of who wished this generation; None where nobody did, as after a restored database."""
        history = await self.store.read_stream(deployment_stream(news.deployment_id))
        origins = [
            recorded.metadata
            for recorded in history
            if isinstance(event := recorded.event, WISHES) and event.generation == news.generation
        ]
        if not origins:
            return None
        origin = origins[0]
        service = service_principal(SERVICE).model_copy(update={"credential": origin.credential})
        id_ = uuid5(origin.message_id, f"seen/{news.number}")
        return Context.after(origin, service, message_id=id_)
