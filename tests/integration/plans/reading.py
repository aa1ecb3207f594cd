"""What Postgres does for a query, and what of it grows with the installation."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

from shared.messages import MOST_ROWS
from shared.store.model import PgConnection

PAGE: Final = MOST_ROWS + 1
"""Rows that a page asks for: one more than it shows."""

BIG: Final = 1000
"""Rows above which a table may not be read whole."""
MOST_READ: Final = 20 * PAGE
"""Rows that one step of a plan may read, for a page of 500 things that have some each; nothing bigger is sorted."""

Node = Mapping[str, Any]


async def sizes_of(connection: PgConnection) -> Mapping[str, int]:
    """Return the rows of each table, after having Postgres look at them as it does by itself in time."""
    await connection.execute("analyze")
    rows = await connection.fetch("select relname, reltuples::bigint as count from pg_class where relkind = 'r'")
    return {row["relname"]: row["count"] for row in rows}


async def wrong_plans(
    connection: PgConnection, queries: Mapping[str, str], asked: Mapping[str, Sequence[object]]
) -> Mapping[str, Sequence[str]]:
    """Return what is wrong with the plans of these of a service's named queries, by their names."""
    sizes = await sizes_of(connection)
    wrong = {name: await _faults(connection, queries[name], given, sizes) for name, given in asked.items()}
    return {name: found for name, found in wrong.items() if found}


async def plans_that_read_whole(connection: PgConnection, queries: Mapping[str, str]) -> Mapping[str, str]:
    """Return the plans that read a whole table though Postgres was told not to: there is no index for them."""
    await connection.execute("set enable_seqscan = off")
    await connection.execute(
        """
        create function pg_temp.plan(query text) returns setof text language plpgsql as
        $$ begin return query execute 'explain (generic_plan) ' || query; end $$
        """
    )
    plans = {
        name: "\n".join(row[0] for row in await connection.fetch("select pg_temp.plan($1)", text))
        for name, text in queries.items()
        if " read." in text
    }
    return {name: plan for name, plan in plans.items() if "Seq Scan" in plan}


async def _faults(
    connection: PgConnection, query: str, arguments: Sequence[object], sizes: Mapping[str, int]
) -> list[str]:
    """Return what is wrong with the plan for these arguments, and with the one that has to fit all arguments.

    asyncpg keeps statements prepared, so after a few calls Postgres may take the second.
    """
    found: list[str] = []
    for mode in ("force_custom_plan", "force_generic_plan"):
        await connection.execute(f"set plan_cache_mode = {mode}")
        plan = await _plan(connection, query, arguments)
        found += [f"{mode}: {fault}" for node in _nodes(plan) for fault in _wrong(node, sizes)]
    return found


async def _plan(connection: PgConnection, query: str, arguments: Sequence[object]) -> Node:
    """Return the plan with what really happened; nothing of that stays."""
    given = f"({', '.join(map(_literal, arguments))})" if arguments else ""
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(f"prepare question as {query}")
        text = await connection.fetchval(f"explain (analyze, timing off, format json) execute question{given}")
        await connection.execute("deallocate question")
    finally:
        await transaction.rollback()
    (answer,) = json.loads(text)
    plan: Node = answer["Plan"]
    return plan


def _nodes(plan: Node) -> Iterator[Node]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


def _wrong(node: Node, sizes: Mapping[str, int]) -> Iterator[str]:
    name, relation = node["Node Type"], node.get("Relation Name", "")
    if name == "Seq Scan" and sizes.get(relation, 0) > BIG:
        yield f"reads {relation} whole"
    elif (read := _read(node)) > MOST_READ:
        yield f"{name} {relation} reads {read} rows"


def _read(node: Node) -> int:
    """Return the rows that a step saw: those it gave on and those it threw away."""
    thrown = sum(value for key, value in node.items() if key.startswith("Rows Removed"))
    seen: float = (node["Actual Rows"] + thrown) * node["Actual Loops"]
    return round(seen)


def _literal(value: object) -> str:
    match value:
        case None:
            return "null"
        case bytes():
            return _quoted(f"\\x{value.hex()}")
        case list() | tuple():
            texts = cast("Sequence[str]", value)
            return _quoted("{" + ",".join(f'"{each}"' for each in texts) + "}")
        case _:
            return _quoted(str(value))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
