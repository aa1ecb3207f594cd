"""All followers of one service: started, stopped, woken, waited for, looked at, rebuilt and replayed."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from shared.bus.kernel import PublishedEvents
from shared.errors import Invalid, NotFound, Unavailable
from shared.followers import outbox
from shared.followers.batch import Apply, Follower, Place
from shared.followers.census import take_census
from shared.followers.consumer import Consumer
from shared.followers.follower import FollowerLoop
from shared.followers.housekeeping import Housekeeping
from shared.followers.intake import Intake
from shared.followers.loops import Loop
from shared.followers.nudge import Nudge
from shared.followers.policy import Policy, Worker
from shared.followers.progress import Progress
from shared.followers.projection import Projection
from shared.followers.published import chained, page
from shared.followers.publisher import Publisher
from shared.followers.rebuild import Rebuild, digest
from shared.followers.replay import replay
from shared.followers.settings import FollowerSettings
from shared.followers.status import FollowerKind, Status
from shared.followers.wire import Wire
from shared.followers.worker import WorkerLoop
from shared.sqlfile import load_queries
from shared.store.events import EventStore
from shared.store.model import PgPool

_LOOK_S: Final = 0.1
_EPOCH: Final = load_queries(Path(__file__).parent.parent / "sql" / "followers.sql")["epoch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What a service brings for its followers to run."""

    projections: Sequence[Projection] = ()
    policies: Sequence[Policy] = ()
    workers: Sequence[Worker] = ()
    consumers: Sequence[Consumer] = ()


class Followers:
    """The followers of one service in this process; other replicas run the same ones beside it."""

    def __init__(
        self,
        service: str,
        *,
        store: EventStore,
        pool: PgPool,
        bus: Wire | None,
        followed: Followed,
        settings: FollowerSettings | None = None,
    ) -> None:
        """Take what follows; `pool` serves followers only. Without a `bus` nothing is published, nudged or consumed.

        Raises TypeError where two have the same name.
        """
        self._service = service
        self._store = store
        self._pool = pool
        self._settings = settings or FollowerSettings()
        self._projections = {projection.name: projection for projection in followed.projections}
        self._progress = Progress(pool)
        self._wrote: set[str] = set()  # policies with jobs in the batch under way
        self._own = self._followers(followed)
        self._loops = [self._loop(follower) for follower in self._own.values()]
        self._workers = [WorkerLoop(worker, pool=pool, settings=self._settings) for worker in followed.workers]
        self._consumers = followed.consumers
        self._kinds = [worker.kind for worker in followed.workers]
        self._intakes = [self._intake(consumer, bus) for consumer in followed.consumers] if bus else []
        self._publisher = self._publish(bus) if bus else None
        self._nudge = Nudge(service, bus, self._ring) if bus else None
        self._housekeeping = Housekeeping(service, pool=pool, settings=self._settings, status=self.status)
        self._rung = 0

    async def start(self) -> None:
        """Start every follower and return at once; each waits for its servers by itself."""
        if self._nudge:
            await self._nudge.start()
        for loop in self._all():
            loop.start()

    async def stop(self) -> None:
        """Finish the batches and jobs under way, then stop; what takes too long is undone or goes back."""
        if self._nudge:
            await self._nudge.stop()
        await asyncio.gather(*(loop.stop(self._settings.stop) for loop in self._all()))

    def wake(self, position: int) -> None:
        """Tell the followers of all replicas that there are events up to `position`."""
        self._ring(position)
        if self._nudge:
            self._nudge.tell(position)

    async def wait_for(self, *, position: int, stream: str = "", timeout_s: float = 2.0) -> bool:
        """Say whether all projections have reached `position` in time; False at once where `stream` is parked."""
        names = list(self._projections)
        return await self._progress.wait_for(names, position=position, stream=stream, timeout_s=timeout_s)

    async def wait_for_source(self, source: str, position: int, *, timeout_s: float = 2.0) -> bool:
        """Say whether what `source` had published up to `position` shows in our own projections in time."""
        end = time.monotonic() + timeout_s
        names = [consumer.name for consumer in self._consumers if consumer.source == source]
        if not names:
            raise NotFound(f"{self._service} takes in no events of {source}")
        if not await self._progress.wait_for_source(names, position=position, timeout_s=timeout_s):
            return False
        head = await self._store.head()
        return await self.wait_for(position=head.position, timeout_s=max(0.0, end - time.monotonic()))

    async def published_events(self, *, after: int, limit: int, epoch: UUID | None = None) -> PublishedEvents:
        """Return the events with positions > `after` as other services see them, at most 512 kB of them.

        `epoch`: the one that the asker is in; see PublishedEvents.
        """
        head = await self._pool.fetchrow(_EPOCH, epoch)
        assert head is not None
        events = await self._store.read_all(after=after, limit=limit)
        taken = page(chained(events, epoch=head["epoch"], after=after))
        last = events[-1].position if events else 0
        return PublishedEvents(epoch=head["epoch"], since=head["since"], head=max(head["position"], last), events=taken)

    async def status(self) -> Status:
        """Return where every follower stands, in all replicas together."""
        heads = {intake.name: intake.head for intake in self._intakes}
        return await take_census(
            self._pool,
            own={name: follower.kind for name, follower in self._own.items()},
            consumers={
                consumer.follower: (consumer.name, heads.get(consumer.follower, 0)) for consumer in self._consumers
            },
            kinds=self._kinds,
        )

    async def rebuild(self, name: str) -> int:
        """Fill the tables of a projection anew beside the running ones, swap them, and return the position reached.

        Raises NotFound where no projection has this name, Rejected while another rebuild of it runs. Runs beside the
        live service, in any process; what breaks off leaves the running tables as they were.
        """
        projection = self._projection(name)
        rebuild = Rebuild(
            self._own[name], projection.tables, store=self._store, pool=self._pool, settings=self._settings
        )
        return await rebuild.run()

    async def digest(self, name: str) -> str:
        """Return what is the same for the same rows of a projection: a rebuild does not change it."""
        return await digest(self._pool, self._projection(name).tables)

    async def replay(self, follower: str, stream: str) -> bool:
        """Apply the backlog of a parked stream in order and unpark it; False where it failed again.

        Raises NotFound where it is not parked or nobody has this name. A consumer's needs the bus.
        """
        for intake in self._intakes:
            if intake.name == follower:
                return await intake.replay(stream)
        if follower not in self._own:
            names = [*self._own, *(intake.name for intake in self._intakes)]
            raise NotFound(f"no follower is named {follower}; there are {', '.join(names)}")
        replayed = await replay(self._own[follower], stream, store=self._store, pool=self._pool)
        self._ring_workers()
        return replayed

    async def requeue(self, job_id: int) -> bool:
        """Give a dead letter another round of attempts; False where there is no such dead letter."""
        requeued = await outbox.requeue(self._pool, job_id)
        self._ring_workers()
        return requeued

    async def republish(self, *, after: int = 0, timeout_s: float = 60.0) -> int:
        """Have the JetStream stream emptied and filled with the events > `after`; return the last position.

        The publisher of the running service does it, so this works from any process. Raises Unavailable if it has not
        in time.
        """
        head = (await self._store.head()).position
        if not 0 <= after <= head:
            raise Invalid(f"positions go from 0 to {head}, not to {after}")
        await self._pool.execute("update public.publishing set rewind_to = $1", after)
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            done = "select position from public.publishing where rewind_to is null and position >= $1"
            position = await self._pool.fetchval(done, head)
            if position is not None:
                return int(position)
            await asyncio.sleep(_LOOK_S)
        raise Unavailable("no publisher has taken this up; is the service running?")

    def _projection(self, name: str) -> Projection:
        if name not in self._projections:
            raise NotFound(f"no projection is named {name}; there are {', '.join(self._projections)}")
        return self._projections[name]

    def _followers(self, followed: Followed) -> dict[str, Follower]:
        own = [Follower(each.name, FollowerKind.PROJECTION, each.apply) for each in followed.projections]
        own += [Follower(each.name, FollowerKind.POLICY, self._jobs_of(each)) for each in followed.policies]
        names = [each.name for each in own] + [each.follower for each in followed.consumers]
        kinds = [each.kind for each in followed.workers]
        if len(set(names)) < len(names) or len(set(kinds)) < len(kinds):
            raise TypeError(f"two followers or workers have one name: {sorted(names)}, {sorted(kinds)}")
        return {each.name: each for each in own}

    def _jobs_of(self, policy: Policy) -> Apply:
        return outbox.jobs_of(policy, wrote=lambda: self._wrote.add(policy.name))

    def _loop(self, follower: Follower) -> FollowerLoop:
        return FollowerLoop(follower, store=self._store, pool=self._pool, settings=self._settings, moved=self._moved)

    def _intake(self, consumer: Consumer, wire: Wire) -> Intake:
        return Intake(self._service, consumer, store=self._store, pool=self._pool, wire=wire, settings=self._settings)

    def _publish(self, wire: Wire) -> Publisher:
        return Publisher(self._service, store=self._store, pool=self._pool, wire=wire, settings=self._settings)

    def _all(self) -> list[Loop]:
        publisher: list[Loop] = [self._publisher] if self._publisher else []
        return [*self._loops, *publisher, *self._intakes, *self._workers, self._housekeeping]

    def _ring(self, position: int) -> None:
        if position <= self._rung:  # our own nudge comes back too
            return
        self._rung = position
        for loop in self._loops:
            loop.wake.ring()
        if self._publisher:
            self._publisher.wake.ring()

    def _ring_workers(self) -> None:
        for worker in self._workers:
            worker.wake.ring()

    def _moved(self, name: str, place: Place) -> None:
        self._progress.moved(name, place)
        if name in self._wrote:
            self._wrote.discard(name)
            self._ring_workers()
