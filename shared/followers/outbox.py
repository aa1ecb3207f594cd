"""The outbox: jobs as rows, written with a policy's checkpoint, leased to workers, kept as dead letters."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from asyncpg import Record

from shared.followers.batch import Apply
from shared.followers.failures import describe
from shared.followers.policy import Job, Policy
from shared.messages import Metadata
from shared.sqlfile import load_queries
from shared.store.model import PgConnection, PgPool, Recorded

_QUERIES: Final = load_queries(Path(__file__).parent.parent / "sql" / "followers.sql")
_AT_ONCE: Final = datetime(1970, 1, 1, tzinfo=UTC)


def jobs_of(policy: Policy, *, wrote: Callable[[], None]) -> Apply:
    """Return what applies events for a policy: its jobs go to the outbox, those whose key is there already do not.

    `wrote` is called when there were jobs; their transaction is still open then.
    """

    async def apply(connection: PgConnection, events: Sequence[Recorded]) -> None:
        jobs = [(job, recorded) for recorded in events for job in policy.jobs(recorded)]
        if jobs:
            await connection.execute(
                _QUERIES["write_jobs"],
                [job.kind for job, _ in jobs],
                [job.key for job, _ in jobs],
                [job.payload for job, _ in jobs],
                [recorded.metadata_text for _, recorded in jobs],
                [job.not_before or _AT_ONCE for job, _ in jobs],
            )
            wrote()

    return apply


class Outbox:
    """The jobs of one kind, as the workers of one process see them under the lease `token`."""

    def __init__(self, pool: PgPool, kind: str, token: UUID) -> None:
        self._pool = pool
        self._kind = kind
        self._token = token

    async def claim(self, most: int, lease: timedelta) -> list[tuple[Job, int]]:
        """Take at most `most` jobs that are due and nobody's, for as long as `lease`.

        With each comes how many workers have let its lease run out.
        """
        rows = await self._pool.fetch(_QUERIES["claim_jobs"], self._kind, most, self._token, lease)
        return [(self._job(row), row["deaths"]) for row in rows]

    async def renew(self, ids: Sequence[int], lease: timedelta) -> set[int]:
        """Hold on to these jobs for another `lease`; return those that are still ours."""
        return {row["id"] for row in await self._pool.fetch(_QUERIES["renew_jobs"], list(ids), self._token, lease)}

    async def done(self, job: Job) -> None:
        """Note that a job is done; its key stays taken for a while."""
        await self._pool.execute(_QUERIES["finish_job"], job.id, self._token)

    async def failed(self, job: Job, error: Exception, *, again_in: timedelta) -> None:
        """Give a job back, to be tried again later."""
        await self._pool.execute(_QUERIES["retry_job"], job.id, self._token, again_in, describe(error))

    async def bury(self, job: Job, error: Exception) -> None:
        """Make a job a dead letter."""
        await self._pool.execute(_QUERIES["bury_job"], job.id, self._token, describe(error))

    async def release(self) -> None:
        """Give all our jobs back untried, for another replica to take at once."""
        await self._pool.execute(_QUERIES["release_jobs"], self._token)

    def _job(self, row: Record) -> Job:
        return Job(
            kind=self._kind,
            key=row["key"],
            payload=row["payload"],
            id=row["id"],
            attempts=row["attempts"],
            origin=Metadata.model_validate_json(row["origin"]),
        )


async def requeue(pool: PgPool, job_id: int) -> bool:
    """Give a dead letter another round of attempts; False where there is no such dead letter."""
    return bool(await pool.fetchval(_QUERIES["requeue_job"], job_id))


async def purge_done(pool: PgPool, keep: timedelta) -> None:
    """Delete the jobs that were done longer ago than `keep`."""
    await pool.execute("delete from public.outbox where done_at < now() - $1::interval", keep)
