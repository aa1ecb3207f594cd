"""Policies and workers: a job for each event, done at least once, retried, buried, taken over."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import asyncpg

from shared.auth import PrincipalKind
from shared.errors import Unavailable
from shared.followers.followers import Followed
from shared.followers.policy import Hopeless, Job
from tests.integration.bus import until
from tests.integration.followers.conftest import QUICK, NewReplica, Replica
from tests.integration.followers.counters import TellRaises, metadata, open_counter
from tests.servers import Database


@dataclass
class Teller:
    """A worker that writes down what it was given; `work` may hold it up or fail."""

    work: Callable[[Job], None] = lambda _: None
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    begun: list[Job] = field(default_factory=list[Job])
    done: list[Job] = field(default_factory=list[Job])
    kind: str = "tell"

    async def perform(self, job: Job) -> None:
        self.begun.append(job)
        await self.gate.wait()
        self.work(job)
        self.done.append(job)


def telling(*tellers: Teller) -> Followed:
    return Followed(policies=(TellRaises(),), workers=tellers)


def open_teller(work: Callable[[Job], None] = lambda _: None) -> Teller:
    teller = Teller(work)
    teller.gate.set()
    return teller


async def outbox(mine: Replica) -> list[asyncpg.Record]:
    return await mine.pool.fetch("select * from outbox order by id")


async def test_each_event_has_its_job_done(kernel: Database, replica: NewReplica) -> None:
    teller = open_teller()
    mine: Replica = await replica(kernel, telling(teller))

    await open_counter(mine.store, "a", *range(30))
    await until(lambda: len(teller.done) == 30)

    assert {job.key for job in teller.done} == {f"counter-a/{n}" for n in range(2, 32)}
    assert {job.payload for job in teller.done} == {f'{{"by":{n}}}' for n in range(30)}
    await until(lambda: all_done(mine))


async def test_a_job_acts_as_the_service_for_the_one_who_asked(kernel: Database, replica: NewReplica) -> None:
    teller = open_teller()
    mine: Replica = await replica(kernel, telling(teller))
    appended = await open_counter(mine.store, "a", 1)
    await until(lambda: len(teller.done) == 1)
    origin = appended.events[0].metadata

    context = teller.done[0].context("identity")

    assert context.principal.kind is PrincipalKind.SERVICE
    assert context.principal.subject == "service:identity"
    assert context.principal.credential == origin.credential
    assert (context.correlation_id, context.causation_id) == (origin.correlation_id, origin.message_id)
    assert context.message_id == teller.done[0].context("identity").message_id
    assert context.message_id != teller.done[0].context("identity", step="next").message_id


async def test_replicas_share_the_jobs(kernel: Database, replica: NewReplica) -> None:
    tellers = [open_teller(), open_teller()]
    replicas: list[Replica] = [await replica(kernel, telling(teller)) for teller in tellers]

    await open_counter(replicas[0].store, "a", *range(100))
    await until(lambda: sum(len(teller.done) for teller in tellers) >= 100)

    await until(lambda: all_done(replicas[0]))
    assert sorted(job.id for teller in tellers for job in teller.done) == [
        row["id"] for row in await outbox(replicas[0])
    ]


async def test_a_job_that_fails_is_tried_again(kernel: Database, replica: NewReplica) -> None:
    def fail_twice(job: Job) -> None:
        if job.attempts < 3:
            raise Unavailable("not yet")

    teller = open_teller(fail_twice)
    mine: Replica = await replica(kernel, telling(teller))

    await open_counter(mine.store, "a", 1)
    await until(lambda: len(teller.done) == 1)

    assert [job.attempts for job in teller.begun] == [1, 2, 3]
    assert len({job.message_id() for job in teller.begun}) == 1


async def test_a_timer_that_is_not_due_is_no_job_that_waits(kernel: Database, replica: NewReplica) -> None:
    mine: Replica = await replica(kernel, telling(open_teller()))
    connection = await asyncpg.connect(kernel.admin_dsn)
    await connection.execute(
        "insert into outbox (kind, key, payload, origin, not_before) "
        "values ('tell', 'timer', '{}', '{}', now() + interval '1 day')"
    )
    await connection.close()
    (told,) = (await mine.followers.status()).outbox
    assert (told.waiting, told.later, told.dead) == (0, 1, 0)


async def test_a_job_that_goes_on_failing_is_a_dead_letter_until_a_person_requeues_it(
    kernel: Database, replica: NewReplica
) -> None:
    broken = True

    def fail(_: Job) -> None:
        if broken:
            raise ValueError("no")

    teller = open_teller(fail)
    mine: Replica = await replica(kernel, telling(teller), settings=replace(QUICK, attempts=3))
    await open_counter(mine.store, "a", 1)
    await until(lambda: is_dead(mine))
    status = await mine.followers.status()
    assert [(each.kind, each.waiting, each.dead) for each in status.outbox] == [("tell", 0, 1)]
    letter = status.dead_letters[0]
    assert (letter.key, letter.attempts) == ("counter-a/2", 3)
    assert letter.error.startswith("ValueError")
    assert len(teller.begun) == 3

    broken = False
    assert await mine.followers.requeue(letter.id)
    await until(lambda: len(teller.done) == 1)

    assert not await mine.followers.requeue(letter.id)
    assert (await mine.followers.status()).dead_letters == ()


async def test_a_job_of_a_worker_that_died_is_taken_over(kernel: Database, replica: NewReplica) -> None:
    stuck, healthy = Teller(), open_teller()
    short = replace(QUICK, lease=timedelta(seconds=1), concurrency=1)
    first: Replica = await replica(kernel, telling(stuck), settings=short)
    await open_counter(first.store, "a", 1)
    await until(lambda: len(stuck.begun) == 1)
    await die(first)

    await replica(kernel, telling(healthy), settings=short)
    await until(lambda: len(healthy.done) == 1)

    assert healthy.done[0].attempts == 2
    assert stuck.done == []


async def test_a_job_that_ends_every_worker_is_a_dead_letter(kernel: Database, replica: NewReplica) -> None:
    teller = open_teller()
    mine: Replica = await replica(kernel, telling(teller), settings=replace(QUICK, deaths=2), start=False)
    await open_counter(mine.store, "a", 1)
    await mine.pool.execute(
        """insert into outbox (kind, key, payload, origin, not_before, attempts, deaths, lease, leased_until)
           values ('tell', 'deadly', '{}', $1, now(), 2, 1, gen_random_uuid(), now() - interval '1 s')""",
        metadata().model_dump_json(),
    )

    await mine.followers.start()
    await until(lambda: is_dead(mine))

    letters = (await mine.followers.status()).dead_letters
    assert [each.error.partition(": ")[2] for each in letters] == ["2 workers ended with it before it was done"]
    await until(lambda: len(teller.done) == 1)
    assert [job.key for job in teller.begun] == ["counter-a/2"]


async def test_a_server_that_is_away_is_waited_for_longer(kernel: Database, replica: NewReplica) -> None:
    def fail_often(job: Job) -> None:
        if job.attempts <= 5:
            raise Unavailable("away")

    teller = open_teller(fail_often)
    mine: Replica = await replica(kernel, telling(teller), settings=replace(QUICK, attempts=2))

    await open_counter(mine.store, "a", 1)

    await until(lambda: len(teller.done) == 1)


async def test_a_hopeless_job_is_tried_once(kernel: Database, replica: NewReplica) -> None:
    def give_up(_: Job) -> None:
        raise Hopeless("no such mailbox")

    teller = open_teller(give_up)
    mine: Replica = await replica(kernel, telling(teller))

    await open_counter(mine.store, "a", 1)

    await until(lambda: is_dead(mine))
    assert len(teller.begun) == 1


async def test_a_lease_is_kept_for_as_long_as_the_work_takes(kernel: Database, replica: NewReplica) -> None:
    slow, other = Teller(), open_teller()
    short = replace(QUICK, lease=timedelta(seconds=0.6))
    first: Replica = await replica(kernel, telling(slow), settings=short)
    await open_counter(first.store, "a", 1)
    await until(lambda: len(slow.begun) == 1)
    await replica(kernel, telling(other), settings=short)
    since = asyncio.get_running_loop().time()
    await until(lambda: asyncio.get_running_loop().time() - since > 1.5)  # more than two leases

    slow.gate.set()
    await until(lambda: all_done(first))

    assert other.begun == []
    assert [job.attempts for job in slow.done] == [1]


async def test_a_stop_gives_jobs_back_at_once(kernel: Database, replica: NewReplica) -> None:
    stuck, healthy = Teller(), open_teller()
    settings = replace(QUICK, stop=timedelta(seconds=0.1))
    first: Replica = await replica(kernel, telling(stuck), settings=settings)
    await open_counter(first.store, "a", 1)
    await until(lambda: len(stuck.begun) == 1)

    await first.followers.stop()
    await replica(kernel, telling(healthy))
    await until(lambda: len(healthy.done) == 1, timeout_s=5)  # far less than the lease

    assert healthy.done[0].attempts == 1


async def test_the_same_key_is_one_job(kernel: Database, replica: NewReplica) -> None:
    teller = open_teller()

    class TwoPolicies(TellRaises):
        name = "tell-raises-too"

    mine: Replica = await replica(kernel, Followed(policies=(TellRaises(), TwoPolicies()), workers=(teller,)))
    last = await open_counter(mine.store, "a", 1, 2)
    await until(lambda: both_are_at(mine, last.position))
    await until(lambda: all_done(mine))

    assert sorted(job.key for job in teller.begun) == ["counter-a/2", "counter-a/3"]


async def die(mine: Replica) -> None:
    """End the replica as a kill would: its work stops, its leases stay."""
    for task in asyncio.all_tasks():
        if task.get_name().startswith(("worker tell", "tell-raises")):
            task.cancel()
    await mine.lose_connections()


async def all_done(mine: Replica) -> bool:
    rows = await outbox(mine)
    return bool(rows) and all(row["done_at"] for row in rows)


async def is_dead(mine: Replica) -> bool:
    return any(row["dead_at"] for row in await outbox(mine))


async def both_are_at(mine: Replica, position: int) -> bool:
    found = await mine.pool.fetch("select from checkpoints where position = $1", position)
    return len(found) == 2
