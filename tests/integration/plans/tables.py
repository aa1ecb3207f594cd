"""What the named queries of invites and deployments are asked with, on tables filled as by a big installation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from services.deployments.statements import QUERIES as DEPLOYMENTS
from services.invites.sql import QUERIES as INVITES
from shared.messages import MOST_ROWS
from tests.integration.plans.reading import PAGE

ROWS: Final = 40_000
"""Rows of each table. A third is of the present, which is still more than any step of a plan may read."""


@dataclass(frozen=True)
class Questions:
    """The named queries of a service: how its tables are filled and what each query takes, at its most costly.

    `looking_over` are those that have to see all there is, which nobody waits for.
    """

    queries: Mapping[str, str]
    fill: str
    asked: Mapping[str, Sequence[object]]
    looking_over: frozenset[str] = field(default_factory=frozenset[str])


def _ids(kind: str) -> Sequence[str]:
    """Return a page of ids of a kind, as the tables are filled with them."""
    return [f"{kind}{number:05}" for number in range(1, MOST_ROWS + 1)]


_ROWS: Final = "[]"
_ALL: Final[Sequence[object]] = (True, [], [])
_SOME: Final[Sequence[object]] = (False, _ids("w"), _ids("d"))

SERVICES: Final[Mapping[str, Questions]] = {
    "invites": Questions(
        INVITES,
        f"""
        insert into read.invites
        select 'i' || lpad(n::text, 5, '0'), 'u' || lpad((n % 10000)::text, 5, '0'),
            'workspace:w' || lpad((n % 5000)::text, 5, '0'), '[]', now(),
            case n % 3 when 0 then 'pending' else 'accepted' end, 'u00001', 'user', now(), now()
        from generate_series(1, {ROWS}) n
        """,
        {
            "load_invites": [_ids("i")],
            "delete_invites": [_ids("i")],
            "insert_invites": [_ROWS],
            "find_by_ids": [_ids("i"), None, None, True, "", PAGE],
            "find_by_users": [None, None, _ids("u"), True, "", PAGE],
            "find_by_scopes": [None, [f"workspace:{id_}" for id_ in _ids("w")], None, True, "", PAGE],
            "find_pending": ["", PAGE],
            "find_all": ["", PAGE],
            "pending_of_user": ["u00001"],
        },
    ),
    "deployments": Questions(
        DEPLOYMENTS,
        f"""
        insert into read.deployments
        select 'd' || lpad(n::text, 5, '0'), 'w' || lpad((n % 20000)::text, 5, '0'), 'label ' || n, '', 'release-' || n,
            'airflow', '', '', 'CeleryExecutor', '{{}}', '{{}}', 'HEALTHY', 'active', 1, 1, false, now(), now(),
            case n % 3 when 0 then null else now() end
        from generate_series(1, {ROWS}) n;
        insert into assignments (deployment_id, generation, wish, seen_generation, seen, news, told)
        select 'd' || lpad(n::text, 5, '0'), 1, case n % 100 when 0 then 'run' else 'gone' end, 1,
            case n % 100 when 0 then 'HEALTHY' else 'REMOVED' end, n, n - case n % 100 when 0 then 1 else 0 end
        from generate_series(1, {ROWS}) n;
        insert into unknown_deployments (driver, deployment_id)
        select 'driver ' || n, 'd' || lpad(n::text, 5, '0') from generate_series(1, {ROWS}) n;
        insert into keeper_leases select 'driver ' || n, '', 1, now() from generate_series(1, 3) n
        """,
        {
            "load_deployments": [_ids("d")],
            "delete_deployments": [_ids("d")],
            "insert_deployments": [_ROWS],
            "find_by_ids": ["", PAGE, *_SOME, _ids("d")],
            "find_one": ["d00003"],
            "find_by_workspaces": ["", PAGE, *_ALL, _ids("w")],
            "find_door": ["release-3", "d00003"],
            "find_by_release_name": ["", PAGE, *_SOME, "release-3"],
            "find_all": ["", PAGE],
            "find_seen": ["", PAGE, _ids("w"), _ids("d")],
            "want": ["d00003", 2, "run"],
            "assignments": [],
            "find_assignment": ["d00003"],
            "note_seen": ["d00003", 1, "HEALTHY", "{}", "", "driver 1", 1],
            "untold": [100],
            "mark_told": ["d00003", 1],
            "note_unknown": ["driver 1", _ids("d"), timedelta(days=14)],
            "forget_unknown": ["driver 1", _ids("d")],
            "take_lease": ["driver 1", "me", timedelta(seconds=10)],
            "renew_lease": ["driver 1", "me", 1, timedelta(seconds=10)],
            "release_lease": ["driver 1", "me", 1],
            "store_bundle_part": ["d00003", "sha", 0, b"x"],
            "read_bundle_part": ["d00003", "sha", 0],
            "drop_bundles": ["d00003", ["sha"], timedelta(hours=1)],
        },
    ),
}
"""The services whose tables are filled here; identity's are seeded, see tests/integration/identity/plans."""
