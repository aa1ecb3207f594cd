"""Forgetting: the keys of people are destroyed for good, also for a database that comes back from a dump."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg

from services.identity.contract import SERVICE, UserId
from services.identity.domain.events import UserRemoved
from services.identity.domain.user import Invited, Joined, Remove
from services.identity.handlers.internal import ForgetAgain
from services.identity.handlers.kit import Kit
from services.identity.handlers.people import write
from services.identity.handlers.streams import USER
from shared.auth import service_principal
from shared.bus.context import Context
from shared.bus.request import Request
from shared.commands import Committed, Unit
from shared.errors import Unavailable

log = logging.getLogger(__name__)

_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Forgetting:
    """Destroys keys and remembers which, outside the database."""

    kit: Kit

    async def forget(self, id_: str) -> None:
        """Destroy the key of a person or a service account; doing it again changes nothing."""
        if self.kit.running.keys is None:
            raise TypeError("identity runs without keys of people")
        await self.kit.tombstones.add(id_)
        await self.kit.running.keys.destroy(id_)

    async def forget_removed(self, committed: Committed) -> None:
        """Forget those whom a command removed; should it fail, the worker of the same policy does it."""
        for history in committed.histories.values():
            last = history[-1].event if history else None
            if isinstance(last, UserRemoved):
                await self._try(last.user_id)

    async def forget_again(self) -> None:
        """Forget everybody on the list whom the database knows: it comes from a dump that is older than the list."""
        listed = sorted(set(await self.kit.tombstones.listed()))
        owned = await self.kit.organization.is_owned()
        for start in range(0, len(listed), _PAGE):
            for id_ in await self._known(listed[start : start + _PAGE]):
                log.warning("somebody who was forgotten is in the database again", extra={"id": id_})
                await self._remove_again(UserId(id_))
                await self.forget(id_)
        if owned and not await self.kit.organization.is_owned():
            log.error("the last owner was forgotten: set a bootstrap token, start again and sign up with it")

    async def _known(self, ids: Sequence[str]) -> Sequence[str]:
        """Return those whose key still exists."""
        if self.kit.running.keys is None:
            raise TypeError("identity runs without keys of people")
        return sorted(await self.kit.running.keys.for_reading(ids))

    async def _remove_again(self, user_id: UserId) -> None:
        """Remove the person as far as the database still has them, even as the last owner.

        The key goes last: releasing an address takes reading it.
        """
        command = ForgetAgain(user_id=user_id)

        async def attempt(unit: Unit) -> str:
            loaded = await unit.load(USER, user_id)
            if isinstance(loaded.state, Invited | Joined):
                wish = Remove(now=command.now)
                await write(unit, self.kit, loaded, wish, now=command.now, forgotten=True)
            return loaded.stream

        await self.kit.running.commands.run(Request(command, Context.first(service_principal(SERVICE))), attempt)

    async def _try(self, user_id: UserId) -> None:
        try:
            await self.forget(user_id)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError, Unavailable):
            log.warning("a removed person's key is left to the worker", exc_info=True, extra={"user": user_id})
