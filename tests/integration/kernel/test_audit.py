"""The audit's tables: how many refusals are kept, what an outage costs, and how the rows are found."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
import pytest
from prometheus_client import REGISTRY

from shared.audit.projection import QUERIES
from shared.audit.refusals import RefusalLimits, RefusalLog
from shared.auth import Origin, Principal, PrincipalKind
from shared.bus.context import Context
from shared.bus.request import Request
from shared.errors import Forbidden, Invalid, Unavailable
from shared.postgres import QUERIES as QUERIES_POOL
from shared.postgres import open_pool
from shared.store.model import PgPool
from tests.conftest import NewDatabase
from tests.integration.kernel.flights import CloseFlight
from tests.servers import PostgresForTests

ROWS = 100_000
SPAN = timedelta(days=100)
WORKSPACES, ACTORS, TARGETS = 500, 2_000, 20_000


@pytest.fixture
async def pool(database: NewDatabase) -> AsyncIterator[PgPool]:
    made = await database("kernel")
    opened = await open_pool(made.app_dsn, service="test", shape=QUERIES_POOL)
    yield opened
    await opened.close()


def attempt(subject: str = "ann", *, address: str = "") -> Request[CloseFlight]:
    kind = PrincipalKind.USER if subject else PrincipalKind.ANONYMOUS
    context = Context.first(Principal(kind=kind, subject=subject))
    return Request(CloseFlight(flight_id="c1"), replace(context, origin=Origin(address=address)))


def dropped(reason: str) -> float:
    return REGISTRY.get_sample_value("aerodrome_dropped_total", {"what": "refusals", "reason": reason}) or 0


async def kept(pool: PgPool) -> list[str]:
    return [row["subject"] for row in await pool.fetch("select subject from refusals order by subject, time")]


async def test_one_asker_fills_only_their_own_allowance(pool: PgPool) -> None:
    log, before = RefusalLog(pool, "flights", limits=RefusalLimits(burst=3, each_s=0)), dropped("too many")
    for subject in ["ann"] * 10 + ["bob"]:
        log.note(attempt(subject), Forbidden("no"))
    await log.flush()
    assert await kept(pool) == ["ann"] * 3 + ["bob"]
    assert dropped("too many") - before == 7


async def test_strangers_share_an_allowance_whatever_their_addresses(pool: PgPool) -> None:
    limits = RefusalLimits(burst=2, each_s=0, strangers_burst=5, strangers_s=0)
    log = RefusalLog(pool, "flights", limits=limits)
    for number in range(20):
        log.note(attempt("", address=f"192.0.2.{number // 4}"), Forbidden("no"))
    await log.flush()
    assert await kept(pool) == [""] * 3  # of the five that strangers had in all, four came from the first address


async def test_what_waits_is_bounded_and_only_refusals_are_recorded(pool: PgPool) -> None:
    log, before = RefusalLog(pool, "flights", limits=RefusalLimits(waiting=2)), dropped("full")
    for error in (Invalid("bad"), Unavailable("away"), Forbidden("no"), Forbidden("no"), Forbidden("no")):
        log.note(attempt(), error)
    await log.flush()
    assert await kept(pool) == ["ann"] * 2
    assert dropped("full") - before == 1


async def test_an_outage_costs_what_waited_and_no_more(private_postgres: PostgresForTests) -> None:
    database = await private_postgres.new_database("kernel")
    pool = await open_pool(database.app_dsn, service="test", shape=QUERIES_POOL)
    log, before = RefusalLog(pool, "flights"), dropped("away")
    private_postgres.kill()
    for _ in range(3):
        log.note(attempt("lost"), Forbidden("no"))
    await log.flush()
    assert dropped("away") - before == 3
    private_postgres.restart()
    log.note(attempt("kept"), Forbidden("no"))
    await log.flush()
    assert await kept(pool) == ["kept"]
    await pool.close()


async def test_refusals_go_after_90_days(database: NewDatabase) -> None:
    made = await database("kernel")
    async with asyncpg.create_pool(made.app_dsn, min_size=1, max_size=1) as pool:
        await fill(pool, rows=100, days_each=1.0)
        await RefusalLog(pool, "flights").purge()
        oldest = await pool.fetchval("select min(time) from refusals")
        assert await pool.fetchval("select count(*) from refusals") == 90
    assert datetime.now(UTC) - oldest < timedelta(days=90)


NOTHING = ("", "", "", "", "", None, None, None, None)
WHEN = datetime.now(UTC) - SPAN / 2
FILTERS: dict[str, dict[int, object]] = {
    "nothing": {},
    "workspace": {0: "w7"},
    "actor": {1: "a7"},
    "an actor who has done nothing": {1: "nobody"},
    "target": {2: "t7"},
    "a target without records": {2: "nothing"},
    "action": {3: "action.7"},
    "the beginning of an action": {3: "action."},
    "an action that has never happened": {3: "none."},
    "outcome": {4: "refused"},
    "a time": {5: WHEN, 6: WHEN + timedelta(hours=1)},
    "the next page": {7: WHEN, 8: uuid4()},
    "the next page of a workspace": {0: "w7", 7: WHEN, 8: uuid4()},
    "all at once": {0: "w7", 1: "a7", 2: "t7", 3: "action.", 4: "done", 5: WHEN},
}


async def test_no_filter_has_to_read_a_whole_table(database: NewDatabase) -> None:
    made = await database("kernel")
    asked: list[tuple[str, str, Sequence[object]]] = [
        (name, "audit_page", [filters.get(place, usual) for place, usual in enumerate(NOTHING)])
        for name, filters in FILTERS.items()
    ]
    asked += [
        ("an export", "audit_after", [5, "", None, None]),
        ("an export of a workspace", "audit_after", [5, "w7", None, None]),
        ("an export of refusals", "refusals_after", [WHEN, uuid4(), "", None, None]),
    ]
    async with asyncpg.create_pool(made.admin_dsn, min_size=1, max_size=1) as pool:
        await fill(pool, rows=ROWS, days_each=SPAN.days / ROWS)
        await pool.execute("analyze read.audit, refusals")
        await pool.execute("set plan_cache_mode = force_custom_plan")
        for name, query, given in asked:
            for limit in (100, 501):
                plan = await pool.fetch(f"explain {QUERIES[query]}", *given, limit)
                text = "\n".join(row[0] for row in plan)
                assert "Seq Scan" not in text, f"{name}:\n{text}"


async def fill(pool: PgPool, *, rows: int, days_each: float) -> None:
    """Write as many events and refusals, the newest first."""
    common = f"""
        gen_random_uuid(), now() - n * interval '1 day' * {days_each} + interval '1 minute', 'action.' || n % 40"""
    rest = f"""
        'thing', 't' || n % {TARGETS}, 'w' || n % {WORKSPACES}"""
    await pool.execute(
        f"""
        insert into read.audit
        select n, {common}, 'thing-' || n % {TARGETS}, 'a' || n % {ACTORS}, 'user', 's', 'r', {rest}, 'p' || n,
            gen_random_uuid(), gen_random_uuid(), ''
        from generate_series(1, {rows}) n"""
    )
    await pool.execute(
        f"""
        insert into refusals
        select {common}, 'a' || n % {ACTORS}, 'user', 's', {rest}, 'forbidden', '',
            gen_random_uuid(), gen_random_uuid(), '', ''
        from generate_series(1, {rows}) n"""
    )
