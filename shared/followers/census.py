"""Counts what the followers of a service have to show, in all replicas together, from the database."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from shared.followers.publisher import PUBLISHER
from shared.followers.status import DeadLetter, FollowerKind, FollowerStatus, OutboxStatus, Parked, Status
from shared.sqlfile import load_queries
from shared.store.model import PgConnection, PgPool

_QUERIES: Final = load_queries(Path(__file__).parent.parent / "sql" / "followers.sql")


async def take_census(
    pool: PgPool,
    *,
    own: Mapping[str, FollowerKind],
    consumers: Mapping[str, tuple[str, int]],
    kinds: Sequence[str],
) -> Status:
    """Return where every follower stands.

    `own`: projections and policies by name. `consumers`: by the name under which they park, their row's name and the
    source's head as far as it is known. `kinds`: those of the workers.
    """
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        parked = [Parked(**dict(row)) for row in await connection.fetch(_QUERIES["parked"])]
        dead = [DeadLetter(**dict(row)) for row in await connection.fetch(_QUERIES["dead_letters"])]
        outbox = {row["kind"]: row for row in await connection.fetch(_QUERIES["outbox_status"])}
        followers = await _followers(connection, own, consumers, parked)
    jobs = [
        OutboxStatus(**dict(outbox[kind])) if kind in outbox else OutboxStatus(kind)
        for kind in dict.fromkeys([*kinds, *outbox])
    ]
    return Status(tuple(followers), tuple(parked), tuple(jobs), tuple(dead))


async def _followers(
    connection: PgConnection,
    own: Mapping[str, FollowerKind],
    consumers: Mapping[str, tuple[str, int]],
    parked: Sequence[Parked],
) -> list[FollowerStatus]:
    row = await connection.fetchrow(_QUERIES["places"])
    end = await connection.fetchrow(
        "select h.position, p.position as published from public.store_head h, public.publishing p"
    )
    assert row is not None
    assert end is not None
    checkpoints, sources = json.loads(row["checkpoints"]), json.loads(row["sources"])
    head, published = end["position"], end["published"]

    def count(name: str) -> int:
        return sum(each.follower == name for each in parked)

    found = [FollowerStatus(name, kind, checkpoints.get(name, 0), head, count(name)) for name, kind in own.items()]
    found.append(FollowerStatus(PUBLISHER, FollowerKind.PUBLISHER, published, head, 0))
    for name, (source, known) in consumers.items():
        at = sources.get(source, 0)
        found.append(FollowerStatus(name, FollowerKind.CONSUMER, at, max(at, known), count(name)))
    return found
