"""The lease of the one process that keeps the deployments of a driver."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from services.deployments.statements import QUERIES
from shared.errors import Unavailable
from shared.runtime.background import end_tasks
from shared.store.connections import fetch
from shared.store.model import PgPool

log = logging.getLogger(__name__)

_TRY_S: Final = 0.5


@dataclass(slots=True)
class Term:
    """The time for which the lease is ours; `lost` is set well before anybody else can have it."""

    token: int
    lost: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """One row of a driver; `holder` names this process, and may take at once what is written to be its own.

    A term is lost when it could not be renewed for two thirds of `lasts`: the last third is for stopping.
    """

    pool: PgPool
    driver: str
    holder: str
    lasts: timedelta

    @asynccontextmanager
    async def held(self) -> AsyncGenerator[Term]:
        """Wait for the lease and hold it; it is given back at the end unless it was lost."""
        term = Term(await self._taken())
        log.info("lease taken", extra={"driver": self.driver, "token": term.token})
        renewing = asyncio.create_task(self._renew(term), name=f"lease of {self.driver}")
        try:
            yield term
        finally:
            await end_tasks([renewing])
            if not term.lost.is_set():
                await self._release(term)

    async def _taken(self) -> int:
        while True:
            try:
                rows = await fetch(self.pool, QUERIES["take_lease"], self.driver, self.holder, self.lasts)
            except Unavailable:
                rows = ()
            if rows:
                token: int = rows[0]["token"]
                return token
            await asyncio.sleep(_TRY_S)

    async def _renew(self, term: Term) -> None:
        clock = asyncio.get_running_loop()
        lasts_s = self.lasts.total_seconds()
        sure_until = clock.time() + lasts_s * 2 / 3
        while True:
            await asyncio.sleep(lasts_s / 6)
            asked = clock.time()
            try:
                async with asyncio.timeout_at(sure_until):
                    ours = await fetch(
                        self.pool, QUERIES["renew_lease"], self.driver, self.holder, term.token, self.lasts
                    )
            except (Unavailable, TimeoutError):
                if clock.time() < sure_until:
                    continue
                ours = ()
            if not ours:
                log.error("lease lost", extra={"driver": self.driver, "token": term.token})
                term.lost.set()
                return
            sure_until = asked + lasts_s * 2 / 3

    async def _release(self, term: Term) -> None:
        try:
            await fetch(self.pool, QUERIES["release_lease"], self.driver, self.holder, term.token)
        except Unavailable:
            log.warning("lease left to end by itself", extra={"driver": self.driver})
