"""Makes events of what is seen: every replica may, and what is told twice changes nothing."""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Final
from uuid import NAMESPACE_OID, uuid5

from services.deployments.contract import SERVICE, Observation, ReportObserved
from services.deployments.domain.deployment import DEPLOYMENT
from services.deployments.keeping.assignments import Assignments, News
from shared.auth import service_principal
from shared.bus.context import Context
from shared.bus.request import Request
from shared.commands import Commands, Unit
from shared.errors import AerodromeError
from shared.followers.failures import describe
from shared.store.personal import PersonalKeys

log = logging.getLogger(__name__)

LOOK_S: Final = 0.25


@dataclass(slots=True, kw_only=True)
class Reporter:
    """Reads news; a deployment of which nothing is left loses the key of its secrets."""

    assignments: Assignments
    commands: Commands
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

        id_ = uuid5(NAMESPACE_OID, f"{news.deployment_id}/{news.number}")
        context = Context.first(service_principal(SERVICE), message_id=id_)
        await self.commands.run(Request(report, context), attempt)
        if sight.observation is Observation.REMOVED and self.keys is not None:
            await self.keys.destroy(news.deployment_id)
        await self.assignments.told(news)
