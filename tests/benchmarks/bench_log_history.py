"""What the history of log lines takes in, how large it is, how quickly lines are found in it, and what removing costs.

BENCH_LOG_LINES sets how many lines there are (10000000 need 6 GB of disk): half are of one deployment, the others of
200. BENCH_QUERIES sets how often each question is asked. Lines are as Airflow's components write them. No NATS: what is
measured begins where batches have been read from it.
"""

import asyncio
import os
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import uvloop

from services.deployments.contract import Component, LogBatch, LogRecord
from services.deployments.log_history.job import POOL
from services.deployments.log_history.limits import HistoryLimits
from services.deployments.log_history.search import Sought, find_lines
from services.deployments.log_history.source import Arrived, Place
from services.deployments.log_history.table import LogTable
from services.deployments.log_history.upkeep import Upkeep
from shared.postgres import QUERIES, close_pool, open_pool
from shared.store.model import PgPool
from tests.servers import start_postgres

LINES = int(os.environ.get("BENCH_LOG_LINES", "100000"))
TIMES = int(os.environ.get("BENCH_QUERIES", "30"))
BIG, SMALL, DEPLOYMENTS = "cbig", "csmall001", 200
A_BATCH = 100
AT_ONCE = 40
BATCHES = LINES // A_BATCH
END = datetime.now(UTC)
SPAN = timedelta(days=20)
MEBIBYTE = 1024 * 1024
RARE = "needle-7f3a9c"
FOR_EVER = timedelta(days=3650)

chance = random.Random(7)  # the same lines at every run
DAGS = [
    f"{what}_{of}_{when}"
    for what in ("etl", "sync", "report")
    for of in ("orders", "users", "sales", "stock")
    for when in ("daily", "hourly", "backfill")
]
TASKS = ("extract", "transform", "load", "validate", "notify", "train_model", "publish_report", "wait_for_file")


def message(dag: str, task: str, run: str) -> str:
    """Return what a scheduler, worker or web server writes; one in a hundred is a traceback."""
    kind = chance.random()
    if kind < 0.25:
        key = f"dag_id='{dag}', task_id='{task}', run_id='{run}', try_number={chance.randint(1, 3)}, map_index=-1"
        return f"Sending TaskInstanceKey({key}) to executor with priority {chance.randint(1, 20)} and queue default"
    if kind < 0.45:
        return (
            f"TaskInstance Finished: dag_id={dag}, task_id={task}, run_id={run}, map_index=-1, run_duration="
            f"{chance.random() * 100:.6f}, state=success, executor=LocalExecutor, job_id={chance.randint(1, 10**6)}"
        )
    if kind < 0.6:
        return f"Processing file /opt/airflow/dags/{dag}.py took {chance.random() * 3:.3f} seconds"
    if kind < 0.75:
        asked = f"GET /api/v2/dags/{dag}/dagRuns?limit={chance.randint(1, 99)} HTTP/1.1"
        return f'10.0.{chance.randint(0, 255)}.7 - "{asked}" 200'
    if kind < 0.9:
        part = f"part-{chance.getrandbits(64):016x}.parquet"
        return f"Wrote {chance.randint(1, 10**6)} rows to s3://warehouse/{dag}/{task}/{part}"
    if kind < 0.99:
        return f"Heartbeat recovered after {chance.random() * 10:.2f} seconds"
    calls = "\n".join(
        f'  File "/opt/airflow/lib/module_{chance.randint(1, 40)}.py", line {chance.randint(1, 2000)}, in call\n'
        f"    return self.call_{chance.randint(1, 99)}(value)"
        for _ in range(12)
    )
    value = f"{chance.getrandbits(32):08x}"
    return f"Task failed with exception\nTraceback (most recent call last):\n{calls}\nValueError: bad {value}"


def batches() -> Iterator[LogBatch]:
    """Yield all batches, by turns of the big deployment and one of the small ones; their times end now."""
    components = list(Component)
    ready: list[tuple[tuple[str, str, str], str]] = []
    for _ in range(20_000):
        names = (
            chance.choice(DAGS),
            chance.choice(TASKS),
            f"scheduled__2026-11-{chance.randint(1, 30):02}T06:00:00+00:00",
        )
        ready.append((names, message(*names)))
    for number in range(1, BATCHES + 1):
        deployment = BIG if number % 2 else f"csmall{number // 2 % DEPLOYMENTS:03}"
        component = components[0 if chance.random() < 0.7 else chance.randrange(4)]
        first = END - SPAN * (BATCHES - number) / BATCHES
        records: list[LogRecord] = []
        for index in range(A_BATCH):
            (dag, task, run), text = chance.choice(ready)
            if index == 0 and number in {BATCHES // 3 | 1, BATCHES // 3 // (2 * DEPLOYMENTS) * 2 * DEPLOYMENTS + 2}:
                text = f"{text} {RARE}"
            records.append(
                LogRecord(
                    id=f"cmabcdefghijklmnopqrstuvw-{component}-{number * A_BATCH + index}",
                    timestamp=first + timedelta(microseconds=index * 100),
                    level="INFO",
                    message=f"{text} [{chance.getrandbits(40):010x}]",
                    logger="airflow.jobs.scheduler_job_runner",
                    dag_id=dag,
                    task_id=task,
                    run_id=run,
                    try_number=1,
                    map_index=-1,
                )
            )
        yield LogBatch(
            deployment=deployment, component=component, incarnation="one", batch=number, records=tuple(records)
        )


async def fill(table: LogTable) -> None:
    """Write all lines and print how quickly; making them is left out."""
    place, taken_s, arrived = Place(0, 0, 0), 0.0, list[Arrived]()
    for number, batch in enumerate(batches(), 1):
        arrived.append(Arrived(number, batch.deployment, batch.component, batch))
        if len(arrived) == AT_ONCE or number == BATCHES:
            began = time.monotonic()
            place = await table.take(place, 1, arrived)
            taken_s += time.monotonic() - began
            arrived.clear()
    print(f"{'taken in':44} {place.lines:,} lines, {place.lines / taken_s:,.0f} lines/s")


async def measured(what: str, question: Callable[[], Awaitable[Sequence[object]]]) -> None:
    """Print how long a question takes."""
    times_ms: list[float] = []
    found: Sequence[object] = ()
    for _ in range(TIMES):
        began = time.monotonic()
        found = await question()
        times_ms.append((time.monotonic() - began) * 1000)
    times_ms.sort()
    p50, p99 = statistics.median(times_ms), times_ms[int(len(times_ms) * 0.99)]
    print(f"{what:44} p50 {p50:6.1f} ms, p99 {p99:6.1f} ms, {len(found)} lines")


async def ask(pool: PgPool) -> None:
    """Ask every question of the big deployment and of a small one."""
    questions: dict[str, dict[str, object]] = {
        "newest 800": {},
        "of one component": {"component": "triggerer"},
        "since 5 m": {"after": END - timedelta(minutes=5)},
        "with a frequent text": {"text": "Processing file"},
        "with a text in one line of a hundred": {"text": "traceback (most recent"},
        "with a text in one line": {"text": RARE},
        "with a text in no line": {"text": "kubernetes quota"},
        "with a text of one letter in no line": {"text": "§"},
    }
    for name, deployment in (("big", BIG), ("small", SMALL)):
        for what, of_question in questions.items():
            sought = Sought(deployment_id=deployment, most=800, **of_question)  # type: ignore[arg-type]  # as named
            try:
                await measured(f"{name}: {what}", partial(find_lines, pool, sought))
            except Exception as error:  # noqa: BLE001 -- printed
                print(f"{name}: {what:38} {error}")


async def sizes(pool: PgPool) -> None:
    """Print what the parts take on disk."""
    row = await pool.fetchrow(
        """
        select count(*) as parts, sum(pg_total_relation_size(c.oid)) as whole, sum(pg_indexes_size(c.oid)) as indexes
        from log_parts p
        join pg_class c on c.oid = to_regclass('logs.lines_' || p.number)
        """
    )
    assert row is not None
    size = f"{row['whole'] / MEBIBYTE:,.0f} MiB, of them {row['indexes'] / MEBIBYTE:,.0f} MiB indexes"
    print(f"{'on disk':44} {row['parts']} parts, {size}; {row['whole'] / LINES:.0f} bytes a line")


async def timed(what: str, step: Awaitable[object]) -> None:
    """Print how long something takes."""
    began = time.monotonic()
    await step
    print(f"{what:44} {time.monotonic() - began:.2f} s")


async def remove(pool: PgPool) -> None:
    """Print what the limits cost: one that removes a tenth of the big deployment, and one that drops half the parts."""
    counted = await pool.fetchval(
        "select sum(bytes)::bigint from log_usage u join log_origins o on o.number = u.origin where deployment_id = $1",
        BIG,
    )
    limits = HistoryLimits(age=FOR_EVER, most_bytes=2**50, deployment_bytes=counted * 9 // 10)
    await timed(f"removing {LINES // 20:,} lines of a deployment", Upkeep(pool, limits, repeats=SPAN).tidy(END))
    limits = HistoryLimits(age=SPAN / 2, most_bytes=2**50, deployment_bytes=2**50)
    await timed("dropping the older half", Upkeep(pool, limits, repeats=SPAN).tidy(END))


async def main() -> None:
    """Run everything on a Postgres of its own, with fsync."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o711)  # noqa: PTH101 -- its account passes through
        postgres = start_postgres(Path(name) / "postgres")
        try:
            database = await postgres.new_database("deployments")
            pool = await open_pool(database.app_dsn, service="deployments", shape=POOL)
            readers = await open_pool(database.app_dsn, service="deployments", shape=QUERIES)
            await fill(LogTable(pool))
            await timed("indexing the closed parts", index_all(pool))
            await sizes(pool)
            await ask(readers)
            await remove(pool)
            await asyncio.gather(close_pool(pool), close_pool(readers))
        finally:
            postgres.child.stop()


async def index_all(pool: PgPool) -> None:
    """Index every closed part."""
    upkeep = Upkeep(pool, HistoryLimits(age=FOR_EVER, most_bytes=2**50, deployment_bytes=2**50), repeats=SPAN)
    while await upkeep.index_one():
        pass


if __name__ == "__main__":
    uvloop.run(main())
