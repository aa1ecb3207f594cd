"""Removing a person."""

from dataclasses import dataclass

from services.identity.contract import RemoveUser, UserRow
from services.identity.domain.user import Remove
from services.identity.handlers.authority import require
from services.identity.handlers.forgetting import Forgetting
from services.identity.handlers.kit import Kit
from services.identity.handlers.people import write
from services.identity.handlers.replies import primary, user_row
from services.identity.handlers.streams import USER
from shared.bus.request import Request, Result
from shared.commands import Unit


@dataclass(frozen=True, slots=True)
class Removal:
    """What answers RemoveUser."""

    kit: Kit

    async def remove(self, request: Request[RemoveUser]) -> Result[UserRow]:
        """Remove a person and destroy the key of their data; sessions end with the next request, and for good after."""
        command = request.message

        async def attempt(unit: Unit) -> str:
            await require(unit, self.kit, "system.user.delete")
            loaded = await unit.load(USER, command.user_id)
            await write(unit, self.kit, loaded, Remove(now=command.now), now=command.now)
            return loaded.stream

        committed = await self.kit.running.commands.run(request, attempt)
        answer = user_row(primary(committed))
        await Forgetting(self.kit).forget_removed(committed)
        return Result(answer, committed.stream, committed.position)
