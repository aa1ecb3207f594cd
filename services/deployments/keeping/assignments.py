"""The table of what is wished of a driver and of what is seen."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from asyncpg import Record

from services.deployments.contract import DeploymentId, Observation, Rule
from services.deployments.statements import QUERIES
from shared.errors import Rejected
from shared.store.connections import fetch
from shared.store.model import PgPool

MOST_NEWS: Final = 100


class Goal(StrEnum):
    """What a deployment shall come to."""

    RUN = "run"
    SLEEP = "sleep"
    GONE = "gone"


class StaleGeneration(Rejected):
    """A wish that is older than the last one."""

    def __init__(self, generation: int) -> None:
        super().__init__(f"generation {generation} is older than the last one", rule=Rule.STALE_GENERATION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One deployment's goal; `seen` is what was last seen of `seen_generation`."""

    deployment_id: DeploymentId
    generation: int
    goal: Goal
    seen_generation: int = 0
    seen: Observation | None = None

    @property
    def seen_now(self) -> Observation | None:
        """What was seen of the present generation."""
        return self.seen if self.seen_generation == self.generation else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What one who keeps a deployment says of it; `lines` may hold secrets."""

    observation: Observation
    step: str = ""
    reason: str = ""
    complaints: Sequence[str] = ()
    lines: Sequence[str] = field(default=(), repr=False)
    endpoint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """A sight that no event has been made of; `number` rises with every one."""

    deployment_id: DeploymentId
    generation: int
    number: int
    sight: Sight


@dataclass(frozen=True, slots=True)
class Assignments:
    """Reads and writes the table; raises Unavailable where Postgres is away."""

    pool: PgPool

    async def want(self, deployment_id: DeploymentId, generation: int, goal: Goal) -> None:
        """Write down a wish; the same one again changes nothing. Raises StaleGeneration for an older one."""
        if not await fetch(self.pool, QUERIES["want"], deployment_id, generation, goal):
            raise StaleGeneration(generation)

    async def open(self) -> Sequence[Assignment]:
        """Return all that are not over."""
        return [_assignment(row) for row in await fetch(self.pool, QUERIES["assignments"])]

    async def find(self, deployment_id: DeploymentId) -> Assignment | None:
        """Return the assignment of a deployment, if it ever had one."""
        rows = await fetch(self.pool, QUERIES["find_assignment"], deployment_id)
        return _assignment(rows[0]) if rows else None

    async def note(self, assignment: Assignment, sight: Sight, *, driver: str, token: int) -> bool:
        """Write down what is seen; False where the wish has changed or the lease is no longer that of `token`."""
        trouble = json.dumps(
            {
                "step": sight.step,
                "reason": sight.reason,
                "complaints": list(sight.complaints),
                "lines": list(sight.lines),
            }
        )
        rows = await fetch(
            self.pool,
            QUERIES["note_seen"],
            assignment.deployment_id,
            assignment.generation,
            sight.observation,
            trouble,
            sight.endpoint,
            driver,
            token,
        )
        return bool(rows)

    async def news(self) -> Sequence[News]:
        """Return the oldest news that were not told, at most 100."""
        return [_news(row) for row in await fetch(self.pool, QUERIES["untold"], MOST_NEWS)]

    async def told(self, news: News) -> None:
        """Note that these news, and all before them, are events."""
        await fetch(self.pool, QUERIES["mark_told"], news.deployment_id, news.number)


def _assignment(row: Record) -> Assignment:
    return Assignment(
        deployment_id=DeploymentId(row["deployment_id"]),
        generation=row["generation"],
        goal=Goal(row["wish"]),
        seen_generation=row["seen_generation"],
        seen=Observation(row["seen"]) if row["seen"] else None,
    )


def _news(row: Record) -> News:
    trouble: dict[str, Any] = json.loads(row["trouble"]) if row["trouble"] else {}
    return News(
        deployment_id=DeploymentId(row["deployment_id"]),
        generation=row["seen_generation"],
        number=row["news"],
        sight=Sight(observation=Observation(row["seen"]), **trouble),
    )
