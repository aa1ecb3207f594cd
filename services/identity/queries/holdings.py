"""What a person holds through their teams."""

import json
from collections.abc import Iterable
from typing import Any

from services.identity.contract import Role
from services.identity.domain.team import held_through
from services.identity.domain.user import Binding
from services.identity.handlers.kit import Kit
from services.identity.handlers.streams import TEAM, state_of
from services.identity.sql import QUERIES


async def held_through_teams(kit: Kit, user_id: str) -> list[Binding]:
    """Return all that the teams of a person give them."""
    return await believed(kit, user_id, await kit.running.pool_queries.fetch(QUERIES["teams_of_person"], user_id, None))


async def believed(kit: Kit, user_id: str, teams: Iterable[Any]) -> list[Binding]:
    """Return what the rows of the query `teams_of_person` say, or the team's stream where they are behind it."""
    held: list[Binding] = []
    for row in teams:
        if row["version"] == row["head"]:
            found: list[Any] = json.loads(row["roles"] or "[]")
            held += [Binding(role=Role(each["role"]), entity=each["entity"]) for each in found]
        else:
            history = await kit.running.store.read_stream(TEAM.stream(row["id"]))
            held += held_through(state_of(TEAM, history), user_id)
    return held
