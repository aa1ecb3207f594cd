"""Makes events of what is seen: every replica may, and what is told twice changes nothing."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import uuid5

from services.deployments.bundles.store import Bundles
from services.deployments.contract import SERVICE, Observation, ReportObserved, deployment_stream
from services.deployments.domain.deployment import DEPLOYMENT
from services.deployments.keeping.assignments import MOST_NEWS, Assignments, News
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
AT_ONCE: Final = 16
"""Deployments that are told of at a time: enough that the store commits them together."""


@dataclass(slots=True, kw_only=True)
class Reporter:
    """Reads news; a deployment of which nothing is left loses its bundles and the key of its secrets."""

    store: EventStore
    assignments: Assignments
    commands: Commands
    bundles: Bundles
    keys: PersonalKeys | None

    async def run(self) -> None:
        """Tell news until cancelled."""
        while True:
            more = False
            try:
                more = await self._tell_all(await self.assignments.news())
            except AerodromeError as error:
                log.warning("news of deployments wait", extra={"error": describe(error)})
            if not more:
                await asyncio.sleep(LOOK_S)

    async def _tell_all(self, news: Sequence[News]) -> bool:
        """Tell news of as many deployments, several at a time; say whether there may be more and all went well.

        What can't be told now holds up none of the others.
        """
        turns = asyncio.Semaphore(AT_ONCE)

        async def told(each: News) -> bool:
            async with turns:
                try:
                    await self._tell(each)
                except AerodromeError as error:
                    extra = {"deployment": each.deployment_id, "error": describe(error)}
                    log.warning("news of a deployment wait", extra=extra)
                    return False
            return True

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(told(each), name=f"report {each.deployment_id}") for each in news]
        return len(news) == MOST_NEWS and all(task.result() for task in tasks)

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
