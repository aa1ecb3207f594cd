"""The loop of a worker: claims jobs under a lease, performs several at once, retries, buries."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final
from uuid import uuid4

from shared.followers.failures import Backoff, describe, jittered, passes
from shared.followers.loops import Loop
from shared.followers.outbox import Outbox
from shared.followers.policy import Hopeless, Job, Worker
from shared.followers.settings import FollowerSettings
from shared.store.model import PgPool
from shared.telemetry import caused_by

log = logging.getLogger(__name__)

_LOST: Final = "the lease was lost"


def _give_up(deaths: int) -> None:
    raise Hopeless(f"{deaths} workers ended with it before it was done")


class WorkerLoop(Loop):
    """Performs the jobs of one kind in this process; other replicas take others."""

    def __init__(self, worker: Worker, *, pool: PgPool, settings: FollowerSettings) -> None:
        super().__init__(f"worker {worker.kind}")
        self._worker = worker
        self._settings = settings
        self._outbox = Outbox(pool, worker.kind, uuid4())
        self._running: dict[int, asyncio.Task[None]] = {}
        self._renewed_at = time.monotonic()

    async def once(self) -> None:
        """Keep the leases, take what is due, then wait."""
        await self._keep_leases()
        free = self._settings.concurrency - len(self._running)
        jobs = await self._outbox.claim(free, self._settings.lease) if free else []
        for job, deaths in jobs:
            self._start(job, deaths)
        if len(jobs) < free or not free:
            await self.wake.wait(self._settings.poll)

    async def stop(self, within: timedelta) -> None:
        """Take no more jobs and let those under way end; what takes longer goes back to the outbox."""
        end = time.monotonic() + within.total_seconds()
        await super().stop(within)
        running = list(self._running.values())
        if running:
            await asyncio.wait(running, timeout=max(0.0, end - time.monotonic()))
        await self._cancel(set(self._running))
        try:
            await self._outbox.release()
        except Exception as error:
            if not passes(error):
                raise
            log.warning("leases left to end by themselves", extra={"follower": self.name, "error": describe(error)})

    def _start(self, job: Job, deaths: int) -> None:
        task = asyncio.create_task(self._perform(job, deaths), name=f"{self.name} {job.id}")
        self._running[job.id] = task

        def ended(task: asyncio.Task[None]) -> None:
            self._running.pop(job.id, None)
            self.wake.ring()
            if not task.cancelled() and (error := task.exception()) is not None:
                log.error("worker failed", exc_info=error, extra={"kind": job.kind, "key": job.key})

        task.add_done_callback(ended)

    async def _keep_leases(self) -> None:
        lease_s = self._settings.lease.total_seconds()
        now = time.monotonic()
        if not self._running:
            self._renewed_at = now
        elif now - self._renewed_at > lease_s:
            await self._cancel(set(self._running))
        elif now - self._renewed_at > lease_s / 3:
            ours = await self._outbox.renew(list(self._running), self._settings.lease)
            self._renewed_at = now
            await self._cancel(set(self._running) - ours)

    async def _cancel(self, ids: set[int]) -> None:
        tasks = [task for id_, task in self._running.items() if id_ in ids]
        for task in tasks:
            task.cancel(_LOST)
        if tasks:
            await asyncio.wait(tasks)

    async def _perform(self, job: Job, deaths: int) -> None:
        assert job.origin is not None
        with caused_by(correlation_id=job.origin.correlation_id, message_id=job.origin.message_id):
            await self._try(job, deaths)

    async def _try(self, job: Job, deaths: int) -> None:
        told: dict[str, object] = {"kind": job.kind, "key": job.key, "attempt": job.attempts}
        try:
            if deaths < self._settings.deaths:
                await self._worker.perform(job)
            else:
                _give_up(deaths)
        except Exception as error:  # noqa: BLE001 -- the loop of a worker: retried, then a dead letter
            await self._fail(job, error, told)
        else:
            await self._settle(lambda: self._outbox.done(job))
            log.info("job done", extra=told)

    async def _fail(self, job: Job, error: Exception, told: dict[str, object]) -> None:
        most = self._settings.patient_attempts if passes(error) else self._settings.attempts
        if job.attempts >= most or isinstance(error, Hopeless):
            await self._settle(lambda: self._outbox.bury(job, error))
            log.error("job is a dead letter", exc_info=error, extra=told)
            return
        delay = self._delay(job.attempts)
        await self._settle(lambda: self._outbox.failed(job, error, again_in=delay))
        log.warning("job failed", extra=told | {"error": describe(error), "again_in_s": delay.total_seconds()})

    def _delay(self, attempt: int) -> timedelta:
        first_s = self._settings.first_delay.total_seconds()
        longest_s = self._settings.longest_delay.total_seconds()
        return timedelta(seconds=jittered(min(longest_s, first_s * 2.0 ** min(attempt - 1, 30))))

    async def _settle(self, note: Callable[[], Awaitable[None]]) -> None:
        """Write down how a job ended, as soon as the database takes it; after the lease it is nobody's news."""
        backoff = Backoff()
        while True:
            try:
                return await note()
            except Exception as error:
                if not passes(error):
                    raise
                log.warning("outbox not reached", extra={"follower": self.name, "error": describe(error)})
                await asyncio.sleep(backoff.next_s())
