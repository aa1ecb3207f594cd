"""Writing to a person's stream: with the claims, the owners of the organization and the teams that follow from it."""

from collections.abc import Mapping
from datetime import datetime
from functools import reduce
from typing import Final

from services.identity.contract import Rule, TeamId, UserId, addresses
from services.identity.domain import organization, team, workspace
from services.identity.domain.events import UserEvent
from services.identity.domain.user import (
    EMAIL,
    INVITATION,
    USERNAME,
    Held,
    Removed,
    User,
    UserCommand,
    consequences,
    is_news,
    places_invited_to,
    teams_joined,
)
from services.identity.handlers.entities import deployments_in
from services.identity.handlers.kit import Kit
from services.identity.handlers.streams import ORGANIZATION, TEAM, USER, WORKSPACE, user_of
from services.identity.sql import QUERIES
from shared.auth import SYSTEM
from shared.commands import Unit
from shared.decider import Loaded
from shared.errors import NotFound, Rejected, WrongExpectedVersion
from shared.store.model import Claim


async def holder_of(unit: Unit, email: str) -> UserId | None:
    """Return who holds an address, in its stored form."""
    stream = await unit.claim_holder(EMAIL, email, personal=True)
    return None if stream is None else user_of(stream)


async def load_holder(unit: Unit, email: str, *, otherwise: UserId) -> Loaded[User]:
    """Return the stream of the person with this address, else that of a new person with the id `otherwise`."""
    holder = await holder_of(unit, email)
    loaded = await unit.load(USER, holder or otherwise)
    if holder is not None and isinstance(loaded.state, Removed):
        raise WrongExpectedVersion("the person with this address has just been removed")
    return loaded


async def load_known(unit: Unit, *, user_id: str = "", email: str = "") -> Loaded[User]:
    """Return the stream of the person with this id or address; given both, they must mean the same.

    Raises NotFound where nobody is meant, Invalid for what is no address.
    """
    holder = await holder_of(unit, addresses.email_address(email)) if email else user_id
    if not holder or (user_id and holder != user_id):
        raise NotFound("there is no such person")
    return await unit.load(USER, holder)


async def write(
    unit: Unit, kit: Kit, loaded: Loaded[User], *commands: UserCommand, now: datetime, forgotten: bool = False
) -> User:
    """Decide `commands` on a person, one after the other; write what follows in the entry, and return the new state.

    `forgotten`: the person goes even as the last owner.
    """
    events: list[UserEvent] = []
    after = loaded.state
    for command in commands:
        decided = USER.decide(command, after)
        after = reduce(USER.evolve, decided, after)
        events += decided
    follows = consequences(loaded.state, after)
    unit.append(loaded, events)
    for gone in follows.released:
        unit.release(_claim(gone, loaded.stream))
    for new in follows.taken:
        unit.take(_claim(new, loaded.stream), taken=_TAKEN[new.kind])
    if follows.owner is not None:
        user_id = user_of(loaded.stream)
        added, removed = organization.AddOwner(user_id, now), organization.RemoveOwner(user_id, now, forgotten)
        await _write_owner(unit, kit, added if follows.owner else removed)
    for team_id in teams_joined(loaded.state, events):
        await _join(unit, team_id, user_of(loaded.stream), now)
    return after


async def announces(unit: Unit, kit: Kit, user: User, entity: str, *, now: datetime) -> bool:
    """Say whether a person is mailed that the asker gives them a role on `entity`; counted against the source."""
    if not is_news(user, entity, by=unit.principal.subject):
        return False
    return await kit.gate.may_mail(unit.context.origin, now=now, wish="additions")


async def live_places(unit: Unit, user: User) -> frozenset[str]:
    """Return what a person's invitations bring roles on and still exists; the entry expects it to stay.

    A deployment counts only in the workspace that the invitation is for.
    """
    live = {SYSTEM}
    for entity, deployments in places_invited_to(user).items():
        loaded = await unit.load(WORKSPACE, entity.partition(":")[2])
        if isinstance(loaded.state, workspace.Live):
            live |= {entity, *await deployments_in(unit, entity, of=deployments)}
    return frozenset(live)


async def is_in_team(kit: Kit, user_id: str) -> bool:
    """Say whether the rows show the person in a team."""
    return bool(await kit.running.pool_queries.fetch(QUERIES["memberships_to_end"], user_id, "", 1))


async def _join(unit: Unit, team_id: TeamId, user_id: UserId, now: datetime) -> None:
    """Put an invited person into a team, unless it is gone."""
    loaded = await unit.load(TEAM, team_id)
    if isinstance(loaded.state, team.Live):
        unit.append(loaded, TEAM.decide(team.AddMembers(user_ids=(user_id,), now=now), loaded.state))


async def _write_owner(unit: Unit, kit: Kit, wish: organization.AddOwner | organization.RemoveOwner) -> None:
    loaded = await unit.load(ORGANIZATION, await kit.organization.id())
    unit.append(loaded, ORGANIZATION.decide(wish, loaded.state))


def _claim(value: Held, stream: str) -> Claim:
    return Claim(value.kind, value.value, stream, personal=value.personal)


# Who is second to an address finds its holder when deciding afresh; what it comes to depends on that person's state.
_TAKEN: Final[Mapping[str, Rejected | WrongExpectedVersion]] = {
    EMAIL: WrongExpectedVersion("another stream has just taken this address"),
    USERNAME: Rejected("another account has this username", rule=Rule.USERNAME_IN_USE),
    INVITATION: Rejected("the invitation exists already"),
}
