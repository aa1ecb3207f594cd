"""Writing to a person's stream: with the claims and the owners of the organization that follow from it."""

import logging
from collections.abc import Mapping
from datetime import datetime
from functools import reduce
from typing import Final

import asyncpg

from services.identity.contract import Rule, UserId
from services.identity.domain import organization
from services.identity.domain.events import UserRemoved
from services.identity.domain.user import EMAIL, INVITATION, USERNAME, Held, Removed, User, UserCommand, consequences
from services.identity.handlers.kit import Kit
from services.identity.handlers.streams import ORGANIZATION, USER, user_of
from shared.commands import Committed, Unit
from shared.decider import Loaded
from shared.errors import Rejected, Unavailable, WrongExpectedVersion
from shared.store.model import Claim

log = logging.getLogger(__name__)


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


async def write(unit: Unit, kit: Kit, loaded: Loaded[User], command: UserCommand, *, now: datetime) -> User:
    """Decide `command` on a person, write what follows from it in the same entry, and return the new state."""
    events = USER.decide(command, loaded.state)
    after = reduce(USER.evolve, events, loaded.state)
    follows = consequences(loaded.state, after)
    unit.append(loaded, events)
    for gone in follows.released:
        unit.release(_claim(gone, loaded.stream))
    for new in follows.taken:
        unit.take(_claim(new, loaded.stream), taken=_TAKEN[new.kind])
    if follows.owner is not None:
        await _write_owner(unit, kit, user_of(loaded.stream), added=follows.owner, now=now)
    return after


async def forget_removed(kit: Kit, committed: Committed) -> None:
    """Destroy the keys of those whom a command removed; should it fail, the worker of the same policy does it."""
    for history in committed.histories.values():
        last = history[-1].event if history else None
        if isinstance(last, UserRemoved):
            await _forget(kit, last.user_id)


async def _forget(kit: Kit, user_id: UserId) -> None:
    if kit.running.keys is None:
        raise TypeError("identity runs without keys of people")
    try:
        await kit.running.keys.destroy(user_id)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError, Unavailable):
        log.warning("a removed person's key is left to the worker", exc_info=True, extra={"user": user_id})


async def _write_owner(unit: Unit, kit: Kit, user_id: UserId, *, added: bool, now: datetime) -> None:
    loaded = await unit.load(ORGANIZATION, await kit.organization.id())
    wish = (organization.AddOwner if added else organization.RemoveOwner)(user_id=user_id, now=now)
    unit.append(loaded, ORGANIZATION.decide(wish, loaded.state))


def _claim(value: Held, stream: str) -> Claim:
    return Claim(value.kind, value.value, stream, personal=value.personal)


# Who is second to an address finds its holder when deciding afresh; what it comes to depends on that person's state.
_TAKEN: Final[Mapping[str, Rejected | WrongExpectedVersion]] = {
    EMAIL: WrongExpectedVersion("another stream has just taken this address"),
    USERNAME: Rejected("another account has this username", rule=Rule.USERNAME_IN_USE),
    INVITATION: Rejected("the invitation exists already"),
}
